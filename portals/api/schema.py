"""Describes operations in the OpenAPI: what each is for, and the codes of its refusals, in one shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from drf_spectacular.drainage import get_override, set_override
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

from files.limits import EXTENSIONS
from portals.api.pagination import MAX_PAGE_SIZE
from portals.api.pagination import PAGE_SIZE as DEFAULT_PAGE_SIZE
from portals.api.serializers.refusals import ErrorsOut

View = TypeVar("View", bound=Callable[..., Any])
CURSOR = OpenApiParameter("cursor", str, description="Where the page begins: take it from `next` or `previous`")
PAGE_SIZE = OpenApiParameter(
    "page_size",
    {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE},
    description=f"Rows on a page; default {DEFAULT_PAGE_SIZE}",
)
ANY_BYTES = "application/octet-stream"  # the media type that client generators map to bytes, whatever the file
IDEMPOTENCY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description="Kept 24 hours")
# Refusals that any call may get; 400 names the parameter in `attr`, with codes like `required` or `invalid`.
ALWAYS = {
    400: ("invalid", "required", "parse_error"),
    401: ("not_authenticated", "authentication_failed"),
    403: ("permission_denied", "practice_suspended"),
    404: ("not_found",),
    405: ("method_not_allowed",),
    429: ("throttled",),
}
ONCE = ("idempotency_key_reused", "still_running")  # refusals of a call that takes an Idempotency-Key
BOOKING = (
    *("slot_taken", "identity_incomplete", "too_many_appointments", "too_many_with_agenda"),
    *("overlapping_appointment", "too_many_changes", "account_closed", "booking_closed", "known_patients_only"),
)
DOUBTS = (
    *(
        "in_the_past",
        "agenda_closed",
        "reason_closed",
        "time_taken",
        "slot_held",
        "patient_busy",
        "same_day",
        "closing",
        "absence",
    ),
    "outside_opening_hours",
)
FILE = (
    *("empty", "nothing_chosen", "name_refused", "kind_refused", "extension_mismatch", "unreadable", "password"),
    *("too_many_pixels", "too_complex", "active_content", "virus", "not_scanned", "too_large"),
    *("unsupported_media_type", "scanner_unavailable"),
)
SIGNING = (
    *("no_signature", "reauthentication_required", "invalid_placement", "not_a_pdf", "docmdp", "no_time_stamp"),
    *("no_validation_material", "key_unavailable", "signed_and_damaged", "unverified"),
    "letters_missing",
)
VERIFYING = (
    *("empty", "nothing_chosen", "kind_refused", "extension_mismatch", "not_a_pdf", "unreadable", "password"),
    *("too_complex", "too_large", "unsupported_media_type", "busy"),
)
STATUSES = {
    403: ("reauthentication_required",),
    409: (
        *("say_whose_contacts", "recipient_not_ready", "nothing_to_authorise", "wrong_patient_suspected"),
        *("appointment_cancelled", "too_late", "no_signature", "unavailable", "already_shared", "not_now"),
        *("both_have_accounts", "nothing_to_undo", "blanks_unfilled", "place_taken", "no_longer_ahead"),
        *(*ONCE, *BOOKING, *DOUBTS),
        *("request_over", "too_many_requests", "may_not_send", "already_seen", "already_settled"),
        *("already_asked", "answers_wanted"),
        *("consent_over", "may_not_sign", "pages_unread", "sentences_unticked", "no_mobile", "proof_over"),
        *("not_to_be_signed", "signed_by_patient"),
        *("already_member", "already_invited", "last_administrator", "identity_of_account"),
    ),
    410: ("invitation_over",),
    412: ("answers_changed",),
    413: ("too_large",),
    415: ("unsupported_media_type",),
    416: ("range_not_satisfiable",),
    429: ("too_many_invitations", "too_many_codes"),
    503: ("scanner_unavailable", "busy"),
}


def answers(
    success: int,
    shape: Any = None,
    *,
    summary: str,
    request: Any = None,
    refusals: Iterable[str] = (),
    parameters: Iterable[OpenApiParameter] = (),
    **more: Any,
) -> Callable[[View], View]:
    """Declare what an operation is for, takes and answers. `refusals`: its own codes; common codes are added.

    `request`: one shape, JSON unless stated otherwise. Client generators use one body for each operation, even if the
    view accepts others.
    """
    always = [*parameters, *([CURSOR, PAGE_SIZE] if get_override(shape, "comes_by_pages", False) else [])]
    body = request if request is None or isinstance(request, dict) else {"application/json": request}

    def declare(view: View) -> View:
        once = view.__name__ == "post" and not is_open(more)
        responses: dict[Any, Any] = refused_by([*refusals, *(ONCE if once else ())])
        responses[success] = shape if shape is not None else OpenApiResponse(description="Nothing")
        parameters_of_one = [*always, *([IDEMPOTENCY] if once else [])]
        declared = extend_schema(
            summary=summary, request=body, responses=responses, parameters=parameters_of_one, **more
        )
        return declared(view)

    return declare


def is_open(schema: dict[str, Any]) -> bool:
    """Whether an operation is open to all (`auth=[]`). Its callers are anonymous, so an Idempotency-Key cannot belong
    to one."""
    return schema.get("auth") == []


def a_file(summary: str) -> Callable[[View], View]:
    """An operation that answers with a file: whole, a range of it, or a redirect to its address in the bucket."""
    contents = {(code, kind): OpenApiTypes.BINARY for code in (200, 206) for kind in (ANY_BYTES, *EXTENSIONS)}
    there = OpenApiParameter("Location", str, OpenApiParameter.HEADER, response=[303])
    moved = {303: OpenApiResponse(description="They are at this address for a minute")}
    refused = refused_by(["unavailable", "range_not_satisfiable"])
    return extend_schema(
        summary=summary, request=None, responses={**contents, **moved, **refused}, parameters=[there]
    )


def refused_by(codes: Iterable[str]) -> dict[Any, Any]:
    """Refusals by status; each lists its codes."""
    by_status = {status: list(always) for status, always in ALWAYS.items()}
    for code in codes:
        by_status.setdefault(status_of(code), []).append(code)
    return {
        status: OpenApiResponse(ErrorsOut, description=", ".join(f"`{code}`" for code in dict.fromkeys(refusals)))
        for status, refusals in by_status.items()
    }


def status_of(code: str) -> int:
    return next((status for status, codes in STATUSES.items() if code in codes), 400)


def whole_list(shape: type[serializers.BaseSerializer[Any]]) -> Any:
    """An unpaginated list."""
    return _envelope(inline_serializer(f"{shape.__name__}List", {"results": shape(many=True)}))


def page_of(shape: type[serializers.BaseSerializer[Any]]) -> Any:
    """A paginated list."""
    page = inline_serializer(
        f"{shape.__name__}Page",
        {
            "results": shape(many=True),
            "next": serializers.URLField(allow_null=True, required=True),
            "previous": serializers.URLField(allow_null=True, required=True),
        },
    )
    set_override(page, "comes_by_pages", True)
    return _envelope(page)


def _envelope(shape: Any) -> Any:
    """One object around all rows. For a list view, drf-spectacular would declare a list of such objects."""
    set_override(shape, "many", False)
    return shape


def a_multipart(shape: type[serializers.BaseSerializer[Any]]) -> dict[str, Any]:
    """The body of an operation that takes a file."""
    return {"multipart/form-data": shape}


def finish(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Complete the schema (a hook of drf-spectacular, run after the enumerations have their names)."""
    for methods in result["paths"].values():
        for operation in methods.values():
            operation.setdefault("security", [])  # open to all
    shapes = result["components"]["schemas"]
    shapes.pop("NullEnum", None)
    for name, shape in shapes.items():
        if name.endswith("Request"):
            _tell_defaults(shape, changes=name.startswith("Patched"))
        elif "properties" in shape:
            shape["required"] = sorted(shape["properties"])  # answers always have every property
    return cast("dict[str, Any]", _nulls(result))


def _tell_defaults(shape: dict[str, Any], *, changes: bool) -> None:
    """State defaults in words. Clients send a declared `default` themselves: changing one field would reset all
    others."""
    for field in shape.get("properties", {}).values():
        if "default" in field:
            default = json.dumps(field.pop("default"))
            sentences = [field.get("description", ""), "" if changes else f"Default: {default}"]
            field["description"] = ". ".join(filter(None, sentences))
            if not field["description"]:
                del field["description"]


def _nulls(part: Any) -> Any:
    """Write `null` as JSON Schema 2020-12 does; drf-spectacular makes a named enumeration of it."""
    if isinstance(part, dict):
        if part == {"$ref": "#/components/schemas/NullEnum"}:
            return {"type": "null"}
        return {key: _nulls(value) for key, value in part.items()}
    return [_nulls(each) for each in part] if isinstance(part, list) else part
