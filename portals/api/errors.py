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

from accounts.sole_control import SignInAgain
from appointments.authorisation import NothingToAuthorise
from appointments.booking import AppointmentCancelled
from appointments.booking_limits import BookingLimit
from appointments.doubts import Doubtful
from appointments.online import SlotTaken, TooLate
from documents.library.writing.printing import CannotWrite
from documents.sharing.access import GONE
from documents.sharing.uploads import RecipientNotReady
from documents.sharing.wrong_patient import WrongPatientSuspected
from files.intake import Refused, TryLater
from files.storage import BytesChanged
from notifications.sms_limits import SmsRefused
from patients.records import SayWhoseContacts
from patients.relatives import IdentityIncomplete
from practices.roles import NotAllowed
from signing.pdf.placement import InvalidPlacement
from signing.pdf.sign import CannotSign
from signing.signatures import NoSignatureImage

Error = dict[str, str | None]


class Conflict(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class NoSuchRange(exceptions.APIException):
    """A range that lies beyond the end of a file (RFC 9110, 15.5.17)."""

    status_code = status.HTTP_416_REQUESTED_RANGE_NOT_SATISFIABLE
    default_code = "range_not_satisfiable"

    def __init__(self, content_range: str) -> None:
        super().__init__(_("Ce document s’arrête avant : l’en-tête Content-Range dit sa taille."))
        self.content_range = content_range


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. None lets a fault of ours become a 500."""
    refused = _refusal(error)
    if refused is not None:
        code, errors = refused
        set_rollback()
        wait = error.retry_after if isinstance(error, (TryLater, SmsRefused)) else None
        later = {"Retry-After": str(wait)} if wait else None
        return Response(body(code, errors), status=code, headers=later)
    if isinstance(error, (Http404, *GONE)):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, exceptions.ParseError) and error.__context__ and not error.__suppress_context__:
        # DRF's words are those of Python's parsers, in English.
        error = exceptions.ParseError(_("Ce que vous envoyez ne se lit pas. Vérifiez sa forme et son Content-Type."))
    if not isinstance(error, exceptions.APIException):
        return None
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait) + 1)  # type: ignore[attr-defined]
    if isinstance(error, NoSuchRange):
        headers["Content-Range"] = error.content_range
    set_rollback()
    return Response(
        body(error.status_code, list(_flat(error.get_full_details()))), error.status_code, headers=headers
    )


def body(status_code: int, errors: list[Error]) -> dict[str, Any]:
    kind = "validation_error" if status_code == 400 else "client_error" if status_code < 500 else "server_error"
    return {"type": kind, "errors": errors}


@csrf_exempt  # it changes nothing, and a program that mistypes an address has no form that could have expired
def not_found(request: HttpRequest, *args: object, **kwargs: object) -> JsonResponse:
    """Unknown addresses below /api/ answer like a missing object."""
    return JsonResponse(body(404, [_error("not_found", str(exceptions.NotFound.default_detail))]), status=404)


def _refusal(error: Exception) -> tuple[int, list[Error]] | None:
    """What the use cases refuse, each with its status."""
    match error:
        case TryLater():
            return 503, [_error(error.code, error.message)]
        case WrongPatientSuspected():
            return 409, [_error("wrong_patient_suspected", error.sentence, "file")]
        case Refused(code="too_large"):
            return 413, [_error(error.code, error.message, "file")]
        case Refused():
            return 400, [_error(error.code, error.message, "file")]
        case RequestDataTooBig():
            return 413, [_error("too_large", _("Cette demande est trop grande : envoyez-la en plusieurs."))]
        case CannotSign():
            return 400, [_error(error.code, error.message, "file")]
        case InvalidPlacement():
            return 400, [_error("invalid_placement", error.message, error.field)]
        case NoSignatureImage():
            return 409, [_error("no_signature", _("Créez d’abord votre signature dans « Ma signature »."), "sign")]
        case RecipientNotReady():
            sentences = {
                "missing_contact": _(
                    "Il manque des coordonnées au patient, ou elles sont à confirmer : %(missing)s."
                ),
                "needs_authorisation": _(
                    "Autorisez d’abord la personne qui a pris le rendez-vous, ou complétez les coordonnées."
                ),
            }
            detail = sentences[error.recipient.state] % {"missing": ", ".join(error.recipient.missing)}
            return 409, [_error("recipient_not_ready", detail)]
        case SayWhoseContacts():
            return 409, [_error("say_whose_contacts", error.sentence, "former_contacts")]
        case SignInAgain():
            return 403, [_error("reauthentication_required", error.sentence, "sign")]
        case NotAllowed():
            return 403, [_error("permission_denied", error.sentence)]
        case NothingToAuthorise():
            return 409, [
                _error("nothing_to_authorise", _("Aucune autorisation n’est nécessaire pour ce rendez-vous."))
            ]
        case Doubtful():
            return 409, [_error(one.code, one.sentence, "start") for one in error.doubts]
        case AppointmentCancelled():
            return 409, [_error("appointment_cancelled", _("Ce rendez-vous est annulé : prenez-en un autre."))]
        case SmsRefused():
            return 429 if error.retry_after else 400, [_error(error.cause.value, error.sentence, "mobile")]
        case BookingLimit():
            return 409, [_error(error.code, error.sentence)]
        case SlotTaken():
            return 409, [_error("slot_taken", _("Ce créneau n’est plus libre : choisissez-en un autre."), "start")]
        case TooLate():
            return 409, [
                _error("too_late", _("Il est trop tard pour changer ce rendez-vous en ligne : appelez le cabinet."))
            ]
        case IdentityIncomplete():
            return 409, [
                _error(
                    "identity_incomplete",
                    _("Complétez d’abord votre compte : prénom, nom, date de naissance, e-mail et mobile vérifiés."),
                )
            ]
        case CannotWrite():
            return 400, [_error("cannot_write", error.sentence, "body")]
        case BytesChanged():
            return 409, [
                _error("unavailable", _("Ce document n’est plus intact dans le stockage : prévenez le cabinet."))
            ]
        case DjangoValidationError():
            return 400, list(_django(error))
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
        said = str(details["message"])
        if details["code"] == "null" and attr is None:  # in place of a body: DRF has no other words for it
            said = _("Envoyez un objet JSON.")
        yield _error(details["code"], said, attr)
    elif isinstance(details, dict):
        for key, value in details.items():
            name = None if key in ("non_field_errors", "detail") else str(key)
            yield from _flat(value, f"{attr}.{name}" if attr and name else name or attr)


def _error(code: str, detail: str, attr: str | None = None) -> Error:
    return {"code": code, "detail": _in_utf8(detail), "attr": attr if attr is None else _in_utf8(attr)}


def _in_utf8(said: str) -> str:
    """Half a character ("\\ud800" in JSON) is repeated to the caller as a question mark: no answer can carry it."""
    return said.encode(errors="replace").decode()
