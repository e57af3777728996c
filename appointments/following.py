"""Appointments that follow another software: moved and cancelled as it says, at any time and for any duration.

The other software tells the patient, so a change is told from here only if this site has told the patient of the
appointment before: a reminder that left, or a confirmation, has become untrue.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from appointments import messages, reminders, signals
from appointments.booking import check_time, lock_agenda
from appointments.cancelling import cancel_without_notice
from appointments.importing import check_end
from appointments.models import Appointment, AppointmentStatus, Reminder
from appointments.moving import AppointmentCancelled
from appointments.quiet_hours import TOPIC
from audit.trail import DetailValue, record
from notifications.models import Message, MessageState


@transaction.atomic
def move_followed(
    *, appointment: Appointment, starts_at: datetime, ends_at: datetime | None, by: User | None
) -> bool:
    """`ends_at`: None for the duration of the reason. False if it has these times already.

    Raises ValidationError, AppointmentCancelled.
    """
    check_time(starts_at)
    check_end(starts_at, ends_at)
    appointment = _locked(appointment.pk)
    if appointment.status == AppointmentStatus.CANCELLED:
        raise AppointmentCancelled
    starts_at = starts_at.astimezone(UTC)
    ends_at = ends_at or starts_at + timedelta(minutes=appointment.visit_reason.duration_minutes)
    former, former_end = appointment.starts_at, appointment.ends_at
    if (former, former_end) == (starts_at, ends_at):
        return False
    was_informed = has_told(appointment)
    lock_agenda(appointment.agenda)
    appointment.starts_at, appointment.ends_at = starts_at, ends_at
    appointment.revision += 1
    starts_differently = former != starts_at
    if starts_differently:
        appointment.confirmed_at = None
    appointment.save(update_fields=["starts_at", "ends_at", "confirmed_at", "revision"])
    detail: dict[str, DetailValue] = (
        {"fields": ["starts_at"], "starts_at": starts_at.isoformat(), "starts_at_before": _utc(former)}
        if starts_differently
        else {"fields": ["ends_at"], "ends_at": ends_at.isoformat(), "ends_at_before": _utc(former_end)}
    )
    practice = appointment.practice_id
    record("appointment.moved", by=by, on=appointment, practice=practice, within=appointment, detail=detail)
    fields = frozenset({"starts_at"} if starts_differently else {"ends_at"})
    signals.changed.send(sender=Appointment, appointments=[appointment], fields=fields, by=by)
    if starts_differently:
        reminders.follow(appointment)
        if was_informed:
            messages.plan_move_messages(appointment, by=by, former=former)
    return True


@transaction.atomic
def cancel_followed(*, appointment: Appointment, by: User | None) -> bool:
    """Deletes nothing that was shared. False if it was cancelled already."""
    appointment = _locked(appointment.pk)
    was_informed = has_told(appointment)
    if not cancel_without_notice(appointment, by):
        return False
    if was_informed:
        messages.plan_cancellation_messages(appointment, by=by)
    return True


def has_told(appointment: Appointment) -> bool:
    """Whether a message about it has left, or waits and would leave; of reminders, those that have left."""
    reminders_of_it = Reminder.messages.through.objects.filter(reminder__appointment=appointment)
    about = Q(about=appointment.pk) | Q(pk__in=reminders_of_it.values("message"))
    left = Q(state__in=(MessageState.SENT, MessageState.DELIVERED))
    leaving = Q(state=MessageState.QUEUED) & (Q(lease_until__isnull=False) | Q(topic=TOPIC))
    return Message.objects.filter(about, left | leaving).exists()


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _locked(pk: uuid.UUID) -> Appointment:
    Appointment.objects.lock_first(pk)
    locked = Appointment.objects.select_for_update(of=("self",))
    return locked.select_related("practice", "agenda__practice", "visit_reason", "patient", "holder").get(pk=pk)
