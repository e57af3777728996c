"""A practice's settings on their page: reminders, quiet hours, instructions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, Appointment, AppointmentKind, Instruction, ReminderPolicy, VisitReason
from appointments.reminders import send_due
from notifications.models import Message
from patients.models import Patient
from practices.models import Practice
from tests.conftest import BookFixture

SignIn = Callable[[User], Client]
GOOD = {"email_hours": "48, 2", "sms_hours": "", "quiet_from": "20:30", "quiet_until": "08:00"}


def test_reminders_are_set_in_hours_as_people_write_them(sign_in: SignIn, carol: User, practice: Practice) -> None:
    client = sign_in(carol)
    assert 'value="48"' in client.get("/pro/settings/messages/").content.decode()
    for name, value in (
        ("email_hours", "deux"), ("email_hours", "900"), ("sms_hours", "1 2 3 4 5"), ("quiet_from", "25:00")
    ):  # fmt: skip
        wrong = {name: value}
        answer = client.post("/pro/settings/messages/", GOOD | wrong)
        assert answer.status_code == 400, wrong
        assert "data-error-summary" in answer.content.decode()
        assert value in answer.content.decode()  # the form keeps its content
    client.post("/pro/settings/messages/", GOOD)
    policy = ReminderPolicy.of(practice)
    assert (policy.email_hours, policy.sms_hours, policy.quiet_from) == ([48, 2], [], time(20, 30))
    assert "48, 2" in client.get("/pro/settings/messages/").content.decode()


def test_an_instruction_is_written_changed_and_shown_to_staff(
    sign_in: SignIn, carol: User, alice: User, appointment: Appointment, visit_reason: VisitReason
) -> None:
    client = sign_in(carol)
    assert "Aucune consigne" in client.get("/pro/settings/instructions/").content.decode()
    assert client.post("/pro/settings/instructions/new/", {"text": " "}).status_code == 400
    asked = {"text": "Apportez vos radios.", "visit_reasons": [str(visit_reason.pk)], "in_messages": "on"}
    client.post("/pro/settings/instructions/new/", asked)
    found = Instruction.objects.get()
    assert list(found.visit_reasons.all()) == [visit_reason]
    assert "Apportez vos radios" in sign_in(alice).get(f"/pro/appointments/{appointment.pk}/").content.decode()
    address = f"/pro/settings/instructions/{found.pk}/"
    assert "Apportez vos radios" in client.get(address).content.decode()
    client.post(address, {"text": "Apportez tout."})
    found.refresh_from_db()
    assert (found.text, found.in_messages, found.visit_reasons.count()) == ("Apportez tout.", False, 0)
    asked_first = client.get(f"{address}delete/").content.decode()
    assert "Apportez tout." in asked_first
    assert "Revenir sans rien changer" in asked_first
    assert Instruction.objects.exists()
    client.post(f"{address}delete/")
    assert not Instruction.objects.exists()


def test_a_choice_of_another_practice_is_no_choice(
    sign_in: SignIn, carol: User, other_practice: Practice, practice: Practice
) -> None:
    theirs = Agenda.objects.create(practice=other_practice, name="Ailleurs")
    answer = sign_in(carol).post("/pro/settings/instructions/new/", {"text": "x", "agendas": [str(theirs.pk)]})
    assert answer.status_code == 400
    assert not Instruction.objects.exists()


def test_others_have_no_such_page(sign_in: SignIn, alice: User, bob: User, rita: User) -> None:
    for user in (alice, bob, rita):
        for path in ("messages/", "instructions/new/"):
            assert sign_in(user).get(f"/pro/settings/{path}").status_code == 404
            assert sign_in(user).post(f"/pro/settings/{path}").status_code == 404


def test_the_address_of_visits_by_video_is_told_to_patients(
    sign_in: SignIn, carol: User, alice: User, agenda: Agenda, book_for: BookFixture, marie: Patient
) -> None:
    client, page = sign_in(carol), f"/pro/settings/agendas/{agenda.pk}/"
    asked = {"name": agenda.name, "practitioner": str(alice.pk), "online": "on"}
    for wrong in ("http://video.example/", "javascript:alert(1)", "salle 1"):
        refused = client.post(page, asked | {"video_url": wrong})
        assert refused.status_code == 400
        assert "commence par https://" in refused.content.decode()
        assert f'value="{wrong}"' in refused.content.decode()
    client.post(page, asked | {"video_url": "https://video.example/salle/1"})
    agenda.refresh_from_db()
    in_five_days = timezone.now() + timedelta(days=5)
    video, here = book_for(marie, kind=AppointmentKind.VIDEO, starts_at=in_five_days), book_for(marie)
    send_due(now=in_five_days - timedelta(hours=48))
    addresses = ["https://video.example/salle/1" in one.body for one in Message.objects.filter(channel="email")]
    assert any(addresses)
    shown = [sign_in(alice).get(f"/pro/appointments/{one.pk}/").content.decode() for one in (video, here)]
    assert ["https://video.example/salle/1" in page for page in shown] == [True, False]


@pytest.mark.parametrize(
    ("typed", "kept"), [("٤٨, ٢", [48, 2]), ("４８,２", [48, 2]), ("48 2", [48, 2]), ("²", None)]
)
def test_hours_are_taken_in_digits_of_every_script(
    sign_in: SignIn, carol: User, practice: Practice, typed: str, kept: list[int] | None
) -> None:
    page = sign_in(carol).post("/pro/settings/messages/", GOOD | {"email_hours": typed})
    assert page.status_code == (302 if kept else 400)
    assert kept is None or ReminderPolicy.of(practice).email_hours == kept
    assert kept is not None or "48, 2" in page.content.decode()
