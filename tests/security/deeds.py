"""Everything staff can ask of the site, each with a body that works and the role it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from docshare.demo.paper import signature
from tests.documents.conftest import PDF
from tests.security.addresses import address

Ids = dict[str, Any]
READ, SHARE, ADMIN, SIGN = "read", "share", "admin", "sign"
VERBS = ("get", "post", "patch", "delete", "put")


def nothing(ids: Ids) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Deed:
    """`refusal`: what a member of the practice without the role gets. The agreed code is 403."""

    needs: str
    body: Callable[[Ids], dict[str, Any]] = nothing
    refusal: int = 403
    json: bool = True


def upload(name: str = "ordonnance.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, PDF, "application/pdf")


def _booking(ids: Ids) -> dict[str, Any]:
    return {
        "agenda": str(ids["agenda"]),
        "visit_reason": str(ids["reason"]),
        "starts_at": "2031-05-06T10:00",
        "kind": "in_person",
        "patient": str(ids["patient"]),
    }


def _api_booking(ids: Ids) -> dict[str, Any]:
    asked = {**_booking(ids), "start": "2031-05-06T10:00:00+02:00"}
    del asked["starts_at"]
    return asked


def _rule(ids: Ids) -> dict[str, Any]:
    return {
        "name": "Une règle",
        "documents": [str(ids["library"])],
        "visit_reasons": [str(ids["reason"])],
        "agendas": [str(ids["agenda"])],
        "moment": "booking",
        "channels": ["email"],
    }


def _new_patient(ids: Ids) -> dict[str, Any]:
    return {"first_name": "Zoé", "last_name": "Petit", "birth_date": "1990-01-01", "practice": str(ids["practice"])}


APPOINTMENT, API_APPOINTMENT = "pro/appointments/<uuid:pk>/", "api/v1/appointments/<uuid:pk>/"
PATIENT, API_PATIENT = "pro/patients/<uuid:pk>/", "api/v1/patients/<uuid:pk>/"
RULE, API_RULE = "pro/rules/<uuid:pk>/", "api/v1/auto-send-rules/<uuid:pk>/"
LIBRARY, API_LIBRARY = "pro/library/<uuid:pk>/", "api/v1/library/<uuid:pk>/"

DEEDS: dict[tuple[str, str], Deed] = {
    ("get", "pro/"): Deed(READ),
    ("get", "pro/appointments/new/"): Deed(READ),
    ("post", "pro/appointments/new/"): Deed(SHARE, _booking),
    ("get", APPOINTMENT): Deed(READ),
    ("get", f"{APPOINTMENT}share/"): Deed(READ),
    ("post", f"{APPOINTMENT}share/"): Deed(SHARE, lambda ids: {"file": upload(), "category": "prescription"}),
    ("post", f"{APPOINTMENT}contacts/"): Deed(SHARE, refusal=302),  # back to the appointment, nothing changed
    ("post", f"{APPOINTMENT}authorise/"): Deed(SHARE),
    ("post", f"{APPOINTMENT}withdraw/"): Deed(SHARE),
    ("post", f"{APPOINTMENT}keep/"): Deed(SHARE),
    ("get", f"{APPOINTMENT}move/"): Deed(READ),
    ("post", f"{APPOINTMENT}move/"): Deed(SHARE, _booking),
    ("get", f"{APPOINTMENT}history/"): Deed(READ),
    ("post", f"{APPOINTMENT}cancel/"): Deed(SHARE),
    ("get", f"{APPOINTMENT}delete/"): Deed(READ),
    ("post", f"{APPOINTMENT}delete/"): Deed(SHARE),
    ("post", "pro/documents/<uuid:pk>/take-back/"): Deed(SHARE),
    ("post", "pro/documents/<uuid:pk>/download/"): Deed(READ),
    ("get", "pro/patients/"): Deed(READ),
    ("get", PATIENT): Deed(READ),
    ("post", PATIENT): Deed(SHARE, lambda ids: {"email": "autre@courriel.example", "mobile": "0655555555"}),
    ("post", f"{PATIENT}invite/"): Deed(SHARE),
    ("get", "pro/library/"): Deed(READ),
    ("post", "pro/library/"): Deed(ADMIN, lambda ids: {"files": upload("plan.pdf"), "category": "information"}),
    ("post", f"{LIBRARY}archive/"): Deed(ADMIN),
    ("get", f"{LIBRARY}content/"): Deed(READ),
    # To those who write no rules, the pages about them do not exist.
    ("get", "pro/rules/"): Deed(ADMIN, refusal=404),
    ("get", "pro/rules/new/"): Deed(ADMIN, refusal=404),
    ("post", "pro/rules/new/"): Deed(ADMIN, _rule, refusal=404),
    ("get", RULE): Deed(ADMIN, refusal=404),
    ("post", RULE): Deed(ADMIN, _rule, refusal=404),
    ("post", f"{RULE}delete/"): Deed(ADMIN, refusal=404),
    ("post", "pro/auto-sends/<uuid:pk>/send/"): Deed(SHARE),
    ("post", "pro/auto-sends/<uuid:pk>/stop/"): Deed(SHARE),
    ("get", "pro/signature/"): Deed(READ),
    ("post", "pro/signature/"): Deed(
        SIGN, lambda ids: {"file": SimpleUploadedFile("signature.png", signature(2), "image/png")}
    ),
    ("get", "pro/signature/image/"): Deed(SIGN, refusal=404),
    ("get", "api/v1/patients/"): Deed(READ),
    ("post", "api/v1/patients/"): Deed(SHARE, _new_patient),
    ("get", API_PATIENT): Deed(READ),
    ("patch", API_PATIENT): Deed(SHARE, lambda ids: {"last_name": "Autre"}),
    ("get", "api/v1/agendas/"): Deed(READ),
    ("get", "api/v1/visit-reasons/"): Deed(READ),
    ("get", "api/v1/appointments/"): Deed(READ),
    ("post", "api/v1/appointments/"): Deed(SHARE, _api_booking),
    ("get", API_APPOINTMENT): Deed(READ),
    ("patch", API_APPOINTMENT): Deed(SHARE, lambda ids: {"start": "2031-05-06T10:00:00+02:00"}),
    ("delete", API_APPOINTMENT): Deed(SHARE),
    ("post", f"{API_APPOINTMENT}cancel/"): Deed(SHARE),
    ("get", f"{API_APPOINTMENT}recipient/"): Deed(READ),
    ("post", f"{API_APPOINTMENT}authorise-holder/"): Deed(SHARE),
    ("get", f"{API_APPOINTMENT}documents/"): Deed(READ),
    ("post", f"{API_APPOINTMENT}documents/"): Deed(
        SHARE, lambda ids: {"file": upload(), "category": "prescription"}, json=False
    ),
    ("get", f"{API_APPOINTMENT}history/"): Deed(READ),
    ("get", f"{API_APPOINTMENT}auto-sends/"): Deed(READ),
    ("get", "api/v1/auto-send-rules/"): Deed(READ),
    ("post", "api/v1/auto-send-rules/"): Deed(ADMIN, lambda ids: _rule(ids) | {"practice": str(ids["practice"])}),
    ("get", API_RULE): Deed(READ),
    ("patch", API_RULE): Deed(ADMIN, lambda ids: {"name": "Autre nom"}),
    ("delete", API_RULE): Deed(ADMIN),
    ("get", "api/v1/documents/<uuid:pk>/"): Deed(READ),
    ("delete", "api/v1/documents/<uuid:pk>/"): Deed(SHARE),
    ("get", "api/v1/documents/<uuid:pk>/content/"): Deed(READ),
    ("get", "api/v1/library/"): Deed(READ),
    ("post", "api/v1/library/"): Deed(
        ADMIN, lambda ids: {"file": upload("plan.pdf"), "practice": str(ids["practice"])}, json=False
    ),
    ("get", API_LIBRARY): Deed(READ),
    ("patch", API_LIBRARY): Deed(ADMIN, lambda ids: {"title": "Autre titre"}, json=False),
    ("delete", API_LIBRARY): Deed(ADMIN),
    ("get", f"{API_LIBRARY}content/"): Deed(READ),
}


def is_staffs(route: str) -> bool:
    """Staff pages, and what of the API is theirs."""
    others = (
        "api/v1/me/",
        "api/v1/bookings/",
        "api/v1/schema/",
        "api/v1/docs/",
        "api/v1/verify/",
        "api/v1/categories/",
    )
    slots = "api/v1/agendas/<uuid:pk>/slots/"
    return "^" not in route and route.startswith(("pro/", "api/v1/")) and not route.startswith((*others, slots))


def do(client: Client, verb: str, route: str, ids: Ids, deed: Deed | None = None) -> Any:
    """Ask for it, with its body."""
    deed = deed or DEEDS[verb, route]
    body: Any = deed.body(ids)
    more: dict[str, Any] = {}
    if (route.startswith("api/") and deed.json) or verb in ("patch", "put"):
        more["content_type"] = "application/json"
    return getattr(client, verb)(address(route, ids), body, **more)
