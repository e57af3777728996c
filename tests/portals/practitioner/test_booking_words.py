"""After booking or moving, staff read for whom, when and with whom it is, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, Appointment, AppointmentKind, ReminderPolicy, VisitReason
from documents.models import LibraryDocument
from documents.sending.rules import RuleContent, save_rule
from patients.models import Patient
from practices.models import Practice

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
NEW = "/pro/appointments/new/"


@pytest.fixture
def asked(agenda: Agenda, visit_reason: VisitReason, marie: Patient) -> dict[str, Any]:
    day = timezone.localdate() + timedelta(days=9)
    return {
        "agenda": agenda.pk,
        "visit_reason": visit_reason.pk,
        "starts_at": f"{day}T09:00",
        "kind": "in_person",
        "patient": marie.pk,
    }


def said_after(client: Client, asked: dict[str, Any], address: str = NEW) -> str:
    page = client.post(address, asked, follow=True)
    assert page.redirect_chain
    [said] = [str(one) for one in page.context["messages"]]
    assert said in unescape(page.content.decode())
    assert "notice-good" in page.content.decode()
    return said


def test_for_whom_when_with_whom_and_why(bob: User, asked: dict[str, Any], sign_in: SignIn) -> None:
    said = said_after(sign_in(bob), asked)
    made = Appointment.objects.get()
    for fact in (
        made.patient.full_name,
        made.agenda.name,
        made.visit_reason.name,
        "09:00",
        str(made.local_start.year),
    ):
        assert fact in said


@pytest.mark.parametrize(
    ("contacts", "email_hours", "sms_hours", "told"),
    [
        ({}, [48], [24], "des rappels partiront par e-mail et par SMS"),
        ({}, [48], [], "un rappel partira par e-mail"),
        ({}, [], [24], "un rappel partira par SMS"),
        ({}, [], [], "Aucun message ni rappel ne part"),
        ({"mobile": None}, [48], [24], "un rappel partira par e-mail"),
        ({"email": None}, [48], [24], "un rappel partira par SMS"),
        ({"email": None}, [48], [], "Aucun message ni rappel ne part"),
        ({"email": None, "mobile": None}, [48], [24], "Personne n’en est averti, faute de coordonnées"),
    ],
)
def test_who_is_told_and_how(
    bob: User,
    practice: Practice,
    marie: Patient,
    asked: dict[str, Any],
    sign_in: SignIn,
    contacts: dict[str, Any],
    email_hours: list[int],
    sms_hours: list[int],
    told: str,
) -> None:
    Patient.objects.filter(pk=marie.pk).update(**contacts)
    ReminderPolicy.objects.update_or_create(
        practice=practice, defaults={"email_hours": email_hours, "sms_hours": sms_hours}
    )
    assert told in said_after(sign_in(bob), asked)


def test_automatic_documents_are_counted(
    bob: User,
    carol: User,
    practice: Practice,
    access_plan: LibraryDocument,
    asked: dict[str, Any],
    sign_in: SignIn,
) -> None:
    save_rule(practice=practice, content=RuleContent(name="Plan", documents=[access_plan]), by=carol)
    assert "Un document lui sera envoyé automatiquement." in said_after(sign_in(bob), asked)


def test_one_noted_afterwards_tells_nobody(bob: User, asked: dict[str, Any], sign_in: SignIn) -> None:
    client, asked = sign_in(bob), asked | {"starts_at": "2024-01-08T09:00"}
    accepted = [one.key for one in client.post(NEW, asked).context["doubts"]]
    assert "Il est passé : personne n’en est averti." in said_after(client, asked | {"accepted": accepted})


def test_after_moving_where_it_is_now(bob: User, asked: dict[str, Any], agenda: Agenda, sign_in: SignIn) -> None:
    client = sign_in(bob)
    client.post(NEW, asked, follow=True)
    Agenda.objects.filter(pk=agenda.pk).update(video_url="https://video.example/1")
    made, day = Appointment.objects.get(), date(2027, 3, 2)
    asked |= {"starts_at": f"{day}T10:30", "kind": AppointmentKind.VIDEO.value}
    said = said_after(client, asked, f"/pro/appointments/{made.pk}/move/")
    for fact in ("mardi 2 mars 2027 à 10:30", "en vidéo", made.patient.full_name):
        assert fact in said


def test_no_reminder_is_promised_to_a_country_where_no_sms_goes(
    bob: User, asked: dict[str, Any], marie: Patient, sign_in: SignIn
) -> None:
    Patient.objects.filter(pk=marie.pk).update(mobile="+14155550132")
    client = sign_in(bob)
    assert "SMS" not in said_after(client, asked)
    panel = unescape(client.get(f"/pro/appointments/{Appointment.objects.get().pk}/").content.decode())
    assert "Ne partira pas" in panel
