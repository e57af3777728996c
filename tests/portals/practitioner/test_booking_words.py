"""After booking or moving, staff read for whom, when and with whom it is, and who gets a message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, Appointment, AppointmentKind, OpeningHours, ReminderPolicy, VisitReason
from documents.models import LibraryDocument
from documents.models.autosend import Moment
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.share import share_library_document
from patients.models import Patient
from practices.models import Practice
from tests.days import QUIET_TUESDAY

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
        ({"access_ended": True}, [48], [24], "Personne n’en est averti, car ses coordonnées ne sont pas confirmées"),
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
    said = said_after(sign_in(bob), asked)
    assert "Un document lui est envoyé maintenant, automatiquement. " in said
    assert "Aucun message" not in said
    later = RuleContent(name="Après", documents=[access_plan], moment=Moment.AFTER, offset_hours=24)
    save_rule(practice=practice, content=later, by=carol)
    another_day = f"{date.fromisoformat(asked['starts_at'][:10]) + timedelta(days=1)}T11:00"
    told = said_after(sign_in(bob), asked | {"starts_at": another_day})
    assert told.endswith("Un document lui sera envoyé automatiquement.")


def test_one_noted_afterwards_tells_nobody(bob: User, asked: dict[str, Any], sign_in: SignIn) -> None:
    client, asked = sign_in(bob), asked | {"starts_at": "2024-01-08T09:00"}
    accepted = [one.key for one in client.post(NEW, asked).context["doubts"]]
    assert "Il est passé : personne n’en est averti." in said_after(client, asked | {"accepted": accepted})


def test_after_moving_where_it_is_now(bob: User, asked: dict[str, Any], agenda: Agenda, sign_in: SignIn) -> None:
    client = sign_in(bob)
    client.post(NEW, asked, follow=True)
    Agenda.objects.filter(pk=agenda.pk).update(video_url="https://video.example/1")
    made, day = Appointment.objects.get(), QUIET_TUESDAY + timedelta(weeks=2)
    asked |= {"starts_at": f"{day}T10:30", "kind": AppointmentKind.VIDEO.value}
    said = said_after(client, asked, f"/pro/appointments/{made.pk}/move/")
    for fact in (f"mardi {day.day} septembre {day.year} à 10:30", "en vidéo", made.patient.full_name):
        assert fact in said


def test_no_reminder_is_promised_to_a_country_where_no_sms_goes(
    bob: User, asked: dict[str, Any], marie: Patient, sign_in: SignIn
) -> None:
    Patient.objects.filter(pk=marie.pk).update(mobile="+14155550132")
    client = sign_in(bob)
    assert "SMS" not in said_after(client, asked)
    panel = unescape(client.get(f"/pro/appointments/{Appointment.objects.get().pk}/").content.decode())
    assert "Ne partira pas" in panel


@pytest.mark.parametrize("act", ["move", "cancel", "delete"])
@pytest.mark.parametrize("contacts", ["both", "none", "unconfirmed"])
def test_after_each_act_for_whom_when_with_whom_and_who_is_told(
    bob: User, appointment: Appointment, agenda: Agenda, sign_in: SignIn, act: str, contacts: str
) -> None:
    if contacts == "none":
        Patient.objects.update(email=None, mobile=None)
    if contacts == "unconfirmed":
        Patient.objects.update(access_ended=True)
    start = appointment.local_start + timedelta(days=act == "move")
    asked = {"starts_at": f"{start:%Y-%m-%dT%H:%M}", "agenda": agenda.pk, "visit_reason": appointment.visit_reason_id}
    client, address = sign_in(bob), f"/pro/appointments/{appointment.pk}/{act}/"
    question = unescape(client.get(address).content.decode())
    page = client.post(address, asked, follow=True)
    [said] = [str(one) for one in page.context["messages"]]
    for fact in ("Marie Durand", f"{start:%H:%M}", str(start.year), agenda.name, appointment.visit_reason.name):
        assert fact in said, said
    assert "document" not in said.lower()  # none was shared
    if act != "move":
        for fact in (f"{start:%H:%M}", agenda.name):
            assert fact in question.partition("<h1>")[2].partition("</h1>")[0]
    if contacts != "both":
        why = "faute de coordonnées" if contacts == "none" else "car ses coordonnées ne sont pas confirmées"
        assert f"Personne n’en est averti, {why} : prévenez vous-même le patient." in said
        assert why in question
        assert "notice-good" not in page.content.decode()
    else:
        assert "Le patient en est averti par e-mail et par SMS." in said


@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize("act", ["move", "cancel", "delete"])
def test_shared_documents_are_told_of_where_there_are_some(
    bob: User, appointment: Appointment, access_plan: LibraryDocument, sign_in: SignIn, act: str, count: int
) -> None:
    for _ in range(count):
        share_library_document(appointment=appointment, library_document=access_plan, by=bob)
    client, address = sign_in(bob), f"/pro/appointments/{appointment.pk}/{act}/"
    question = unescape(client.get(address).content.decode())
    page = client.post(address, {} if act != "move" else {"starts_at": "x"}, follow=True)
    said = " ".join(str(one) for one in page.context["messages"])
    stays = ["", "Le document partagé reste visible.", "Les 2 documents partagés restent visibles."]
    gone = ["est supprimé :", "avec son document partagé :", "avec ses 2 documents partagés :"]
    if act == "delete":
        assert gone[count] in said
    else:
        assert stays[count] in question
        assert count or "documents partagés" not in question
    if act == "cancel":
        assert stays[count] in said
        assert count or "document" not in said.lower()


@pytest.mark.parametrize("over", [False, True], ids=["to come", "over"])
def test_the_question_before_moving_into_the_past_says_that_nobody_is_told(
    bob: User, appointment: Appointment, agenda: Agenda, sign_in: SignIn, over: bool
) -> None:
    if over:
        past = timezone.now() - timedelta(days=1)
        Appointment.objects.update(starts_at=past, ends_at=past + timedelta(minutes=20))
    asked = {"starts_at": "2024-01-08T09:00", "agenda": agenda.pk, "visit_reason": appointment.visit_reason_id}
    client, address = sign_in(bob), f"/pro/appointments/{appointment.pk}/move/"
    question = client.post(address, asked)
    shown = unescape(question.content.decode())
    assert "La nouvelle date est passée : personne n’en est averti." in shown
    assert "Le patient en est averti" not in shown
    accepted = [one.key for one in question.context["doubts"]]
    page = client.post(address, asked | {"accepted": accepted}, follow=True)
    assert "personne n’en est averti" in unescape(page.content.decode())
    back = {**asked, "starts_at": f"{timezone.localdate() + timedelta(days=9)}T03:00"}
    OpeningHours.objects.create(agenda=agenda, weekday=0, opens_at=time(9), closes_at=time(12))
    shown = unescape(client.post(address, back).content.decode())
    assert "Le patient en est averti par e-mail et par SMS" in shown  # outside the hours, but to come
