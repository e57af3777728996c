"""Moving an appointment: only what differs changes, a cancelled one stays, and the trail has both values."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import User
from appointments.cancelling import cancel
from appointments.history import history_of
from appointments.models import Appointment
from appointments.moving import AppointmentCancelled, move
from audit.models import AuditEvent
from notifications.models import Message

pytestmark = pytest.mark.django_db


def test_moving_to_where_it_is_changes_and_announces_nothing(appointment: Appointment, bob: User) -> None:
    revision, events, messages = appointment.revision, len(history_of(appointment)), Message.objects.count()
    moved = move(appointment=appointment, by=bob, starts_at=appointment.starts_at, agenda=appointment.agenda)
    assert moved.revision == revision
    assert (len(history_of(appointment)), Message.objects.count()) == (events, messages)


def test_the_trail_has_the_new_and_the_former_time_and_the_end_follows(appointment: Appointment, bob: User) -> None:
    was = appointment.starts_at
    moved = move(appointment=appointment, by=bob, starts_at=was + timedelta(days=1), accepted=None)
    assert moved.ends_at - moved.starts_at == timedelta(minutes=moved.visit_reason.duration_minutes)
    detail = AuditEvent.objects.get(action="appointment.moved").detail
    assert detail["fields"] == ["starts_at"]
    assert (detail["starts_at_before"], detail["starts_at"]) == (was.isoformat(), moved.starts_at.isoformat())


def test_a_cancelled_appointment_is_not_moved(appointment: Appointment, bob: User) -> None:
    cancel(appointment=appointment, by=bob)
    with pytest.raises(AppointmentCancelled):
        move(appointment=appointment, by=bob, starts_at=appointment.starts_at + timedelta(days=1))
    appointment.refresh_from_db()
    assert appointment.status == "cancelled"
