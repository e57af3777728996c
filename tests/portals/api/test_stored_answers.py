"""A stored answer is only returned to a caller who may make the call now (docs/security-cases.md, 57)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test.utils import override_settings
from rest_framework.test import APIClient

from accounts.models import ApiToken, Scope, User
from appointments.models import Agenda, Appointment, BookedFor, VisitReason
from documents.models import LibraryDocument, SharedDocument
from documents.sharing.share import take_back
from patients.models import Patient
from portals.models import IdempotentCall
from practices.members import add_member, change_roles, remove_member
from practices.models import Membership, Practice, Role
from tests.conftest import BookFixture
from tests.portals.api.conftest import Api, errors
from tests.portals.api.test_api import upload

KEY: dict[str, Any] = {"HTTP_IDEMPOTENCY_KEY": "k1"}
NAMES = ["patient", "appointment", "cancel", "authorise", "confirm", "rule", "library"]


def test_an_answer_that_cannot_be_opened_names_what_the_first_call_made(
    api: Api, bob: User, appointment: Appointment
) -> None:
    address = f"/api/v1/appointments/{appointment.pk}/documents/"
    made = api(bob).post(address, share_body(), **KEY)
    assert made.status_code == 201
    with override_settings(SECRET_KEY="a key that nobody has any more"):
        IdempotentCall.objects.update(body="{}")
    answer = api(bob).post(address, share_body(), **KEY)
    assert (answer.status_code, errors(answer)) == (409, ["answer_unreadable"])
    assert made.json()["id"] in answer.json()["errors"][0]["detail"]
    assert SharedDocument.objects.count() == 1


@pytest.fixture
def secretary(bob: User, carol: User, charlie: User, other_practice: Practice) -> User:
    """Works in two practices, so that the API still accepts him when he leaves one."""
    change_roles(membership=Membership.objects.get(user=bob), roles=[Role.SECRETARY, Role.ADMIN], by=None)
    add_member(user=bob, practice=other_practice, roles=[Role.SECRETARY, Role.ADMIN], by=charlie)
    return bob


def share_body(**more: str) -> dict[str, Any]:
    return {"file": upload(), "category": "prescription", "title": "Ordonnance", **more}


@pytest.fixture
def calls(
    agenda: Agenda,
    visit_reason: VisitReason,
    marie: Patient,
    appointment: Appointment,
    practice: Practice,
    book_for: BookFixture,
    hugo: User,
    access_plan: LibraryDocument,
) -> dict[str, tuple[str, dict[str, Any], str]]:
    """Address, body and format of each call."""
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
    person = {"first_name": "Ana", "last_name": "Costa", "birth_date": "1990-01-01", "practice": str(practice.pk)}
    booking = {
        "agenda": str(agenda.pk),
        "visit_reason": str(visit_reason.pk),
        "patient": str(marie.pk),
        "start": start.isoformat(),
        "kind": "in_person",
    }
    relative = Patient.objects.create(
        practice=practice, first_name="Odette", last_name="Martin", birth_date="1948-02-11"
    )
    for_relative = book_for(
        relative, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE, starts_at=start + timedelta(days=1)
    )
    rule = {
        "practice": str(practice.pk),
        "name": "Plan",
        "documents": [str(access_plan.pk)],
        "moment": "booking",
        "channels": ["email"],
    }
    paper = {"practice": str(practice.pk), "title": "Consigne", "category": "other", "body": "<p>À jeun</p>"}
    return {
        "authorise": (f"/api/v1/appointments/{for_relative.pk}/authorise-holder/", {}, "json"),
        "confirm": (f"/api/v1/patients/{marie.pk}/confirm-contacts/", {}, "json"),
        "rule": ("/api/v1/auto-send-rules/", rule, "json"),
        "library": ("/api/v1/library/", paper, "json"),
        "patient": ("/api/v1/patients/", person, "json"),
        "appointment": ("/api/v1/appointments/", booking, "json"),
        "cancel": (f"/api/v1/appointments/{appointment.pk}/cancel/", {}, "json"),
    }


def make(client: APIClient, call: tuple[str, dict[str, Any], str]) -> Any:
    path, body, form = call
    return client.post(path, body, format=form, **KEY)


@pytest.mark.parametrize("name", NAMES)
def test_staff_removed_from_the_practice_get_404(
    name: str, calls: dict[str, Any], secretary: User, practice: Practice, api: Api
) -> None:
    client = api(secretary)
    first = make(client, calls[name])
    assert first.status_code in (200, 201), first.content
    assert make(client, calls[name]).json() == first.json()
    remove_member(membership=Membership.objects.get(user=secretary, practice=practice), by=None)
    assert make(client, calls[name]).status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_staff_who_only_read_by_now_get_no_answer(
    name: str, calls: dict[str, Any], secretary: User, practice: Practice, api: Api
) -> None:
    client = api(secretary)
    make(client, calls[name])
    change_roles(membership=Membership.objects.get(user=secretary, practice=practice), roles=[Role.READER], by=None)
    assert make(client, calls[name]).status_code in (403, 404)


@pytest.mark.parametrize("name", NAMES)
def test_a_revoked_token_and_one_with_fewer_rights_get_no_answer(
    name: str, calls: dict[str, Any], secretary: User, api: Api
) -> None:
    client = api(secretary)
    make(client, calls[name])
    ApiToken.objects.get(user=secretary).delete()
    assert make(client, calls[name]).status_code == 401
    assert make(api(secretary, Scope.READ), calls[name]).status_code == 403


@pytest.mark.parametrize("name", NAMES)
def test_an_account_that_is_switched_off_gets_no_answer(
    name: str, calls: dict[str, Any], secretary: User, api: Api
) -> None:
    client = api(secretary)
    make(client, calls[name])
    User.objects.filter(pk=secretary.pk).update(is_active=False)
    assert make(client, calls[name]).status_code == 401


def test_the_answer_about_what_is_gone_is_gone(calls: dict[str, Any], secretary: User, api: Api) -> None:
    client = api(secretary)
    pk = make(client, calls["appointment"]).json()["id"]
    assert client.delete(f"/api/v1/appointments/{pk}/").status_code == 204
    assert make(client, calls["appointment"]).status_code == 404
    assert not Appointment.objects.filter(pk=pk).exists()  # and it is not created again


def test_the_answer_about_a_document_taken_back_is_gone(
    appointment: Appointment, alice: User, secretary: User, api: Api
) -> None:
    client = api(secretary)
    path = f"/api/v1/appointments/{appointment.pk}/documents/"
    first = client.post(path, share_body(), format="multipart", **KEY)
    assert first.status_code == 201, first.content
    assert client.post(path, share_body(), format="multipart", **KEY).json() == first.json()
    take_back(document=SharedDocument.objects.get(), by=alice)
    assert client.post(path, share_body(), format="multipart", **KEY).status_code == 404
    assert not SharedDocument.objects.exists()


def test_a_signed_answer_needs_the_right_to_sign(appointment: Appointment, alice_signs: User, api: Api) -> None:
    client = api(alice_signs)
    path = f"/api/v1/appointments/{appointment.pk}/documents/"
    signed = {"sign": "true", "page": "1", "x": "0.8", "y": "0.9"}
    first = client.post(path, share_body(**signed), format="multipart", **KEY)
    assert first.status_code == 201, first.content
    writes = api(alice_signs, Scope.READ, Scope.WRITE)
    assert writes.post(path, share_body(**signed), format="multipart", **KEY).status_code == 403
    change_roles(membership=Membership.objects.get(user=alice_signs), roles=[Role.SECRETARY], by=None)
    assert client.post(path, share_body(**signed), format="multipart", **KEY).status_code == 403
