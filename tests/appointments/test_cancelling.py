"""Cancelling: by staff with a reason, once; and without a message to anybody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from appointments.booking import book
from appointments.cancelling import cancel, cancel_locked, cancel_without_notice
from appointments.models import Agenda, Appointment, AppointmentStatus, CancelReason, VisitReason
from appointments.models.reminder import ReminderState
from audit.models import AuditEvent
from notifications.models import Message, MessageState
from patients.models import Patient
from practices.roles import NotAllowed

pytestmark = pytest.mark.django_db


@pytest.fixture
def planned(agenda: Agenda, visit_reason: VisitReason, marie: Patient, alice: User) -> Appointment:
    """Booked and confirmed; its messages have left."""
    starts_at = timezone.now() + timedelta(days=9)
    booked = book(agenda=agenda, visit_reason=visit_reason, patient=marie, starts_at=starts_at, by=alice)
    booked.confirmed_at = timezone.now()
    booked.save()
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    return booked


def waiting() -> list[str]:
    return sorted(Message.objects.filter(state=MessageState.QUEUED).values_list("channel", flat=True))


def test_it_keeps_why_calls_reminders_off_and_tells_the_patient_once(planned: Appointment, bob: User) -> None:
    for reason in (CancelReason.PRACTITIONER, CancelReason.ERROR):  # the second comes too late
        gone = cancel(appointment=planned, by=bob, reason=reason, note=" en congé ")
    assert (gone.status, gone.cancelled_reason) == (AppointmentStatus.CANCELLED, CancelReason.PRACTITIONER)
    assert (gone.cancelled_note, gone.confirmed_at, gone.revision) == ("en congé", None, planned.revision + 1)
    assert set(gone.reminders.values_list("state", flat=True)) == {ReminderState.CANCELLED}
    assert waiting() == ["email", "sms"]
    line = AuditEvent.objects.get(action="appointment.cancelled")
    assert (line.actor_id, line.detail) == (bob.pk, {"reason": "practitioner"})


def test_who_only_reads_and_an_unknown_reason_change_nothing(planned: Appointment, rita: User, bob: User) -> None:
    with pytest.raises(NotAllowed):
        cancel(appointment=planned, by=rita)
    with pytest.raises(ValidationError):
        cancel(appointment=planned, by=bob, reason="weather")
    assert Appointment.objects.get().status == AppointmentStatus.BOOKED
    assert waiting() == []


def test_the_patient_cancels_by_a_link_with_a_line_that_says_so(planned: Appointment) -> None:
    cancel_locked(planned, None, detail={"by_reminder": True})
    line = AuditEvent.objects.get(action="appointment.cancelled")
    assert (line.actor_id, line.detail) == (None, {"by_reminder": True})
    assert "email" in waiting()


def test_without_notice_nobody_is_told(planned: Appointment, bob: User) -> None:
    assert cancel_without_notice(planned, bob)
    assert not cancel_without_notice(planned, bob)
    assert Appointment.objects.get().status == AppointmentStatus.CANCELLED
    assert waiting() == []
