"""Cancelling appointments: with messages to whoever is concerned, or without."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from accounts.models import User
from appointments import messages, reminders, series_messages, signals
from appointments.booking import locked_to_change
from appointments.models import Appointment, AppointmentStatus
from audit.trail import DetailValue, record

WHY = ("cancelled_reason", "cancelled_note")


@transaction.atomic
def cancel(*, appointment: Appointment, by: User, reason: str = "", note: str = "") -> Appointment:
    """Cancel, by staff. Deletes no shared document. Cancelling twice changes nothing.

    `reason` (a CancelReason) and `note` are for staff alone. Raises ValidationError, NotAllowed.
    """
    return cancel_locked(locked_to_change(appointment, by), by, reason=reason, note=note)


def cancel_locked(
    appointment: Appointment,
    by: User | None,
    *,
    reason: str = "",
    note: str = "",
    detail: Mapping[str, DetailValue] | None = None,
) -> Appointment:
    """As cancel, for an appointment that the caller has locked and may change. `detail`: for the history."""
    if cancel_without_notice(appointment, by, reason=reason, note=note, detail=detail):
        messages.plan_cancellation_messages(appointment, by=by)
        series_messages.renew(appointment, by=by)
    return appointment


def cancel_without_notice(
    appointment: Appointment,
    by: User | None,
    *,
    reason: str = "",
    note: str = "",
    detail: Mapping[str, DetailValue] | None = None,
) -> bool:
    """Cancel a locked appointment without telling anybody, as when a person is erased. False if it was cancelled
    already. `by`: None for the installation's operator, and by a reminder's link."""
    if appointment.status != AppointmentStatus.BOOKED:
        return False
    appointment.status = AppointmentStatus.CANCELLED
    appointment.cancelled_reason, appointment.cancelled_note = reason, note.strip()
    appointment.confirmed_at = None
    appointment.revision += 1
    appointment.clean_fields(exclude=[one.name for one in Appointment._meta.fields if one.name not in WHY])
    appointment.save(update_fields=["status", "revision", "confirmed_at", *WHY])
    record(
        "appointment.cancelled",
        by=by,
        on=appointment,
        practice=appointment.practice_id,
        within=appointment,
        detail={**(detail or {}), **({"reason": reason} if reason else {})},
    )
    reminders.follow(appointment)
    signals.changed.send(sender=Appointment, appointment=appointment, fields=frozenset({"status"}), by=by)
    return True
