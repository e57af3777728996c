"""Refusals of a booking or a move say what to do, not only what is wrong; the form keeps its content."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from appointments.models import Agenda, Appointment, VisitReason
from patients.models import Patient

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
NEW = "/pro/appointments/new/"
TO_DO = re.compile(
    r"\b(choisissez|cherchez|saisissez|indiquez|écrivez|vérifiez|retirez|remplacez|remplir|abrégez|complétez|mettez|"
    r"demandez|prenez|peut le changer|exemple)",
    re.IGNORECASE,
)
NOBODY = str(uuid.UUID(int=1))  # equal in every process that collects tests
OF_BOTH = {
    "agenda": ["", NOBODY, "x", "closed"],
    "visit_reason": ["", NOBODY, "x", "closed", "elsewhere"],
    "starts_at": ["", "demain", "2026-13-01T09:00", "0001-01-01T00:00", "9999-12-31T23:59", "2027-03-28T02:30"],
    "kind": ["video", "x"],
}
OF_A_NEW_PATIENT = {
    "first_name": ["", " ", "x" * 101],
    "last_name": ["", "x" * 101],
    "birth_date": ["", "hier", "31/02/1950", "2999-01-01", "1850-01-01"],
    "mobile": ["06", "01 42 34 56 78", "x" * 300],
    "email": ["marie", "rené@exemple.fr", "x" * 300 + "@exemple.fr"],
    "patient": [NOBODY, "x"],
}


@pytest.fixture
def asked(agenda: Agenda, visit_reason: VisitReason) -> dict[str, Any]:
    return {
        "agenda": str(agenda.pk),
        "visit_reason": str(visit_reason.pk),
        "starts_at": "2027-12-01T09:00",
        "kind": "in_person",
        "first_name": "Zoé",
        "last_name": "Petit",
        "birth_date": "1950-05-06",
        "q": "mot-cherché",
    }


@pytest.fixture
def known(agenda: Agenda, visit_reason: VisitReason) -> dict[tuple[str, str], str]:
    """Keys of an agenda and a reason that are closed, and of a reason of another agenda."""
    practice = agenda.practice
    closed = Agenda.objects.create(practice=practice, name="Fermé", is_active=False)
    former = VisitReason.objects.create(practice=practice, name="Ancien", is_active=False)
    elsewhere = VisitReason.objects.create(practice=practice, name="Ailleurs")
    return {
        ("agenda", "closed"): str(closed.pk),
        ("visit_reason", "closed"): str(former.pk),
        ("visit_reason", "elsewhere"): str(elsewhere.pk),
    }


def sentences(page: Any, name: str) -> list[str]:
    assert page.status_code == 400
    found = [str(one) for one in page.context["form"].errors.get(name, [])]
    assert found, page.context["form"].errors
    for one in found:
        assert one in unescape(page.content.decode())
    return found


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in (OF_BOTH | OF_A_NEW_PATIENT).items() for v in vs])
def test_what_a_booking_is_refused_for_says_what_to_do(
    bob: User, sign_in: SignIn, asked: dict[str, Any], known: dict[tuple[str, str], str], name: str, value: str
) -> None:
    value = known.get((name, value), value)
    page = sign_in(bob).post(NEW, asked | {name: value})
    for sentence in sentences(page, name):
        assert TO_DO.search(sentence), sentence
    for kept in {"first_name", "last_name", "q"} - {name}:
        assert f'value="{asked[kept]}"' in page.content.decode()
    assert not Appointment.objects.exists()
    assert not Patient.objects.exists()


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in OF_BOTH.items() for v in vs])
def test_what_a_move_is_refused_for_says_what_to_do(
    bob: User,
    sign_in: SignIn,
    appointment: Appointment,
    asked: dict[str, Any],
    known: dict[tuple[str, str], str],
    name: str,
    value: str,
) -> None:
    before = appointment.starts_at
    value = known.get((name, value), value)
    page = sign_in(bob).post(f"/pro/appointments/{appointment.pk}/move/", asked | {name: value})
    for sentence in sentences(page, name):
        assert TO_DO.search(sentence), sentence
    appointment.refresh_from_db()
    assert appointment.starts_at == before


def test_who_only_reads_is_told_whom_to_ask(
    rita: User, sign_in: SignIn, appointment: Appointment, asked: dict[str, Any]
) -> None:
    for address in (NEW, f"/pro/appointments/{appointment.pk}/move/"):
        page = sign_in(rita).post(address, asked)
        assert page.status_code == 403
        assert TO_DO.search(page.content.decode().split("<main")[1])
