"""Appointments that follow other software: whom a move or a cancellation is told to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from appointments.following import cancel_followed, move_followed
from appointments.importing import place_imported
from appointments.messages import plan_booking_messages
from appointments.models import Agenda, Appointment, Reminder, VisitReason
from appointments.moving import AppointmentCancelled
from appointments.reminders import send_due
from notifications.models import Message, MessageState
from patients.models import Patient
from tests.conftest import BookFixture

pytestmark = pytest.mark.django_db


@pytest.fixture
def imported(agenda: Agenda, visit_reason: VisitReason, marie: Patient, carol: User) -> Appointment:
    at = timezone.now().replace(microsecond=0) + timedelta(days=5)
    return place_imported(
        agenda=agenda, visit_reason=visit_reason, patient=marie, starts_at=at, ends_at=None, by=carol
    )


def kinds() -> set[str]:
    return set(Message.objects.exclude(state=MessageState.CALLED_OFF).values_list("kind", flat=True))


def test_nobody_hears_of_a_change_who_never_heard_of_the_appointment(imported: Appointment, carol: User) -> None:
    later = imported.starts_at + timedelta(days=1)
    assert move_followed(appointment=imported, starts_at=later, ends_at=None, by=carol)
    assert not move_followed(appointment=imported, starts_at=later, ends_at=None, by=carol)
    assert {one.due_at.date() for one in Reminder.objects.filter(state="planned", channel="email")} == {
        (later - timedelta(hours=48)).date()
    }
    assert cancel_followed(appointment=imported, by=carol)
    assert not cancel_followed(appointment=imported, by=carol)
    assert not Message.objects.exists()


def test_who_was_reminded_hears_of_the_move_and_of_the_cancellation(imported: Appointment, carol: User) -> None:
    send_due(now=imported.starts_at - timedelta(hours=47))
    assert kinds() == {"reminder"}
    waiting = imported.starts_at + timedelta(days=1)
    move_followed(appointment=imported, starts_at=waiting, ends_at=None, by=carol)
    assert not kinds()  # the reminder had not left: it is called off, and nothing has become untrue
    send_due(now=waiting - timedelta(hours=47))
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    move_followed(appointment=imported, starts_at=waiting + timedelta(days=1), ends_at=None, by=carol)
    assert kinds() == {"reminder", "moved"}
    Message.objects.filter(kind="moved").update(state=MessageState.SENT, sent_at=timezone.now())
    cancel_followed(appointment=imported, by=carol)
    assert "cancelled" in kinds()


def test_who_was_to_be_told_of_the_booking_hears_of_the_move(
    book_for: BookFixture, marie: Patient, hugo: User, carol: User
) -> None:
    booked = book_for(marie, holder=hugo, starts_at=timezone.now() + timedelta(days=5))
    plan_booking_messages(booked)
    move_followed(appointment=booked, starts_at=booked.starts_at + timedelta(hours=1), ends_at=None, by=carol)
    assert kinds() == {"moved"}


def test_nobody_hears_of_what_is_past(imported: Appointment, carol: User) -> None:
    send_due(now=imported.starts_at - timedelta(hours=47))
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    past = timezone.now() - timedelta(hours=5)
    move_followed(appointment=imported, starts_at=past, ends_at=None, by=carol)
    cancel_followed(appointment=imported, by=carol)
    assert kinds() == {"reminder"}


def test_a_duration_alone_changes_no_reminder(imported: Appointment, carol: User) -> None:
    end = imported.starts_at + timedelta(minutes=90)
    before = list(Reminder.objects.values_list("pk", "due_at", "state"))
    assert move_followed(appointment=imported, starts_at=imported.starts_at, ends_at=end, by=carol)
    imported.refresh_from_db()
    assert (imported.ends_at, imported.revision) == (end, 1)
    assert list(Reminder.objects.values_list("pk", "due_at", "state")) == before


def test_impossible_times_and_cancelled_appointments_are_refused(imported: Appointment, carol: User) -> None:
    with pytest.raises(ValidationError):
        move_followed(
            appointment=imported,
            starts_at=imported.starts_at,
            ends_at=imported.starts_at - timedelta(minutes=1),
            by=carol,
        )
    cancel_followed(appointment=imported, by=carol)
    with pytest.raises(AppointmentCancelled):
        move_followed(appointment=imported, starts_at=imported.starts_at, ends_at=None, by=carol)
