"""Cancelling appointments: with messages to whoever is concerned, or without."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models import F

from accounts.models import User
from appointments import messages, reminders, series_messages, signals
from appointments.booking import locked_to_change
from appointments.models import Appointment, AppointmentStatus
from audit.trail import DetailValue, append, line
from files.names import composed

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
    return bool(cancel_together([appointment], by, reason=reason, note=note, detail=detail))


def cancel_together(
    appointments: Iterable[Appointment],
    by: User | None,
    *,
    reason: str = "",
    note: str = "",
    detail: Mapping[str, DetailValue] | None = None,
) -> list[Appointment]:
    """As cancel_without_notice, in as many queries for several locked appointments as for one.

    Returns those that were not cancelled already."""
    booked = [one for one in appointments if one.status == AppointmentStatus.BOOKED]
    if not booked:
        return []
    why = dict(zip(WHY, (reason, composed(note)), strict=True))
    same = {"status": AppointmentStatus.CANCELLED, "confirmed_at": None, **why}
    for one in booked:
        for name, value in same.items():
            setattr(one, name, value)
        one.revision += 1
    booked[0].clean_fields(exclude=[one.name for one in Appointment._meta.fields if one.name not in WHY])
    Appointment.objects.filter(pk__in=[one.pk for one in booked]).update(**same, revision=F("revision") + 1)
    shown = {**(detail or {}), **({"reason": reason} if reason else {})}
    append(
        line("appointment.cancelled", by=by, on=one, practice=one.practice_id, within=one, detail=shown)
        for one in booked
    )
    reminders.end_with(booked)
    signals.changed.send(sender=Appointment, appointments=booked, fields=frozenset({"status"}), by=by)
    return booked
