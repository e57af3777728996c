"""Every refusal in one shape: `{"type", "errors": [{"code", "detail", "attr"}]}`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from documents.sharing.access import GONE
from portals import answers
from refusals import Kind, Refusal

Error = dict[str, str | None]

STATUS = answers.STATUS | {Kind.SIGN_IN_AGAIN: 403}  # a token cannot sign in again


class Conflict(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class NoSuchRange(exceptions.APIException):
    """The range begins beyond the end of the file (RFC 9110, 15.5.17)."""

    status_code = status.HTTP_416_REQUESTED_RANGE_NOT_SATISFIABLE
    default_code = "range_not_satisfiable"

    def __init__(self, content_range: str) -> None:
        super().__init__(_("Ce document s’arrête avant : l’en-tête Content-Range dit sa taille."))
        self.content_range = content_range


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. Returns None for an unexpected exception, which becomes a 500."""
    refused = _refused(error)
    if refused is not None:
        set_rollback()
        return refused
    if isinstance(error, (Http404, *GONE)):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, exceptions.ParseError) and error.__context__ and not error.__suppress_context__:
        # DRF repeats the messages of Python's parsers, in English.
        error = exceptions.ParseError(_("Ce que vous envoyez ne se lit pas. Vérifiez sa forme et son Content-Type."))
    if not isinstance(error, exceptions.APIException):
        return None
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    if isinstance(error, NoSuchRange):
        headers["Content-Range"] = error.content_range
    set_rollback()
    return Response(
        body(error.status_code, list(_flat(error.get_full_details()))), error.status_code, headers=headers
    )


def body(status_code: int, errors: list[Error]) -> dict[str, Any]:
    kind = "validation_error" if status_code == 400 else "client_error" if status_code < 500 else "server_error"
    return {"type": kind, "errors": errors}


@csrf_exempt  # it changes nothing, and a program that mistypes an address has no form to send a token with
def not_found(request: HttpRequest, *args: object, **kwargs: object) -> JsonResponse:
    """Unknown addresses below /api/ answer like a missing object."""
    return JsonResponse(body(404, [_error("not_found", str(exceptions.NotFound.default_detail))]), status=404)


def _refused(error: Exception) -> Response | None:
    """The answer to a refusal of a use case or of Django; None for any other exception."""
    match error:
        case Refusal():
            errors = [_error(one.code, one.sentence, one.field) for one in error.errors()]
            later = {"Retry-After": str(error.retry_after)} if error.retry_after else None
            return Response(body(STATUS[error.kind], errors), status=STATUS[error.kind], headers=later)
        case RequestDataTooBig():
            too_large = _error("too_large", _("Cette demande est trop grande : envoyez-la en plusieurs."))
            return Response(body(413, [too_large]), status=413)
        case DjangoValidationError():
            return Response(body(400, list(_django(error))), status=400)
    return None


def _django(error: DjangoValidationError) -> Iterator[Error]:
    if hasattr(error, "error_dict"):
        for attr, errors in error.error_dict.items():
            name = None if attr == "__all__" else {"starts_at": "start", "ends_at": "end"}.get(attr, attr)
            for one in errors:
                for message in one.messages:
                    yield _error(one.code or "invalid", message, name)
    else:
        for message in error.messages:
            yield _error(getattr(error, "code", None) or "invalid", message)


def _flat(details: Any, attr: str | None = None) -> Iterator[Error]:
    if isinstance(details, list):
        for item in details:
            yield from _flat(item, attr)
    elif isinstance(details, dict) and set(details) == {"message", "code"} and isinstance(details["code"], str):
        sentence = str(details["message"])
        if details["code"] == "null" and attr is None:  # `null` in place of a body: DRF has no other code for it
            sentence = _("Envoyez un objet JSON.")
        yield _error(details["code"], sentence, attr)
    elif isinstance(details, dict):
        for key, value in details.items():
            name = None if key in ("non_field_errors", "detail") else str(key)
            yield from _flat(value, f"{attr}.{name}" if attr and name else name or attr)


def _error(code: str, detail: str, attr: str | None = None) -> Error:
    return {"code": code, "detail": _in_utf8(detail), "attr": attr if attr is None else _in_utf8(attr)}


def _in_utf8(sentence: str) -> str:
    """Replaces lone surrogates ("\ud800" in JSON) by a question mark: an answer cannot encode them."""
    return sentence.encode(errors="replace").decode()
