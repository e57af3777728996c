"""Instructions for a visit: the reasons and agendas they apply to, and which of them reminders contain."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.instructions import delete_instruction, instructions_of, save_instruction
from appointments.models import Agenda, Appointment, Instruction, VisitReason
from appointments.reminders import send_due
from notifications.models import Message
from patients.models import Patient
from practices.models import Practice
from practices.roles import NotAllowed
from tests.appointments.conftest import at
from tests.conftest import BookFixture

pytestmark = [pytest.mark.django_db, pytest.mark.night]


def test_they_hold_for_their_reasons_and_agendas(
    practice: Practice, carol: User, bob: User, appointment: Appointment, agenda: Agenda, visit_reason: VisitReason
) -> None:
    other = VisitReason.objects.create(practice=practice, name="Bilan")
    for text, reasons, agendas in (
        ("Pour tous", [], []), ("Ce motif", [visit_reason], [agenda]), ("Autre motif", [other], []),
    ):  # fmt: skip
        save_instruction(
            practice=practice, text=text, visit_reasons=reasons, agendas=agendas, in_messages=True, by=carol
        )
    assert instructions_of(appointment) == ["Ce motif", "Pour tous"]
    found = Instruction.objects.get(text="Pour tous")
    with pytest.raises(NotAllowed):
        delete_instruction(instruction=found, by=bob)
    delete_instruction(instruction=found, by=carol)
    assert instructions_of(appointment) == ["Ce motif"]


def test_they_go_with_the_reminder_unless_they_would_tell_why(
    practice: Practice, carol: User, book_for: BookFixture, marie: Patient, agenda: Agenda
) -> None:
    common: dict[str, Any] = {"practice": practice, "visit_reasons": [], "agendas": [], "by": carol}
    save_instruction(text="Apportez votre carte Vitale.", in_messages=True, **common)
    save_instruction(text="Venez à jeun pour la coloscopie.", in_messages=False, **common)
    morning = at(agenda, timezone.localdate() + timedelta(days=7), 9)
    book_for(marie, starts_at=morning)
    send_due(now=morning - timedelta(hours=48))
    email = Message.objects.get(channel="email")
    assert "carte Vitale" in email.body
    assert "jeun" not in email.body
