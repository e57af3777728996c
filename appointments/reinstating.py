"""Reinstating a cancelled appointment to come, at its time if that is free, or at another."""

from __future__ import annotations

from typing import Unpack

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments import messages, reminders, series_messages, signals
from appointments.booking import lock_agenda, locked_to_change
from appointments.cancelling import WHY
from appointments.doubts import doubts_about
from appointments.models import Appointment, AppointmentStatus
from appointments.moving import MoveParts, move_locked
from appointments.parties import is_ahead
from audit.trail import record
from refusals import Kind, Refusal

IN_ITS_PLACE = ("time_taken", "slot_held")


class PlaceTaken(Refusal):
    """Something else stands in its place in the agenda; the sentence says what. Changes nothing."""

    code = "place_taken"
    kind = Kind.CONFLICT


class NoLongerAhead(Refusal):
    """It would have begun already. Changes nothing."""

    code = "no_longer_ahead"
    kind = Kind.CONFLICT
    words = gettext_lazy("L’heure de ce rendez-vous est passée : choisissez une autre date, ou prenez-en un autre.")


@transaction.atomic
def reinstate(*, appointment: Appointment, by: User, **parts: Unpack[MoveParts]) -> Appointment:
    """Put a cancelled appointment back, by staff: reminders and automatic sendings are planned again, and whoever was
    told of its cancellation is told of this, once. One that is not cancelled stays as it is.

    `parts`: at another time or place, as in appointments.moving.move. Raises PlaceTaken, NoLongerAhead,
    NotAllowed, and what move raises.
    """
    appointment = locked_to_change(appointment, by)
    if appointment.status != AppointmentStatus.CANCELLED:
        return appointment
    starts_at = parts.get("starts_at") or appointment.starts_at
    agenda = parts.get("agenda") or appointment.agenda
    moves = starts_at != appointment.starts_at or agenda != appointment.agenda
    if starts_at <= timezone.now():
        raise NoLongerAhead
    lock_agenda(appointment.agenda)
    if not moves:
        _check_place(appointment)
    appointment.status = AppointmentStatus.BOOKED
    appointment.cancelled_reason = appointment.cancelled_note = ""
    appointment.revision += 1
    appointment.save(update_fields=["status", "revision", *WHY])
    record("appointment.reinstated", by=by, on=appointment, practice=appointment.practice_id, within=appointment)
    if is_ahead(appointment):
        reminders.follow(appointment)
    signals.changed.send(sender=Appointment, appointments=[appointment], fields=frozenset({"status"}), by=by)
    # The messages of the cancellation are judged as they are now: a move would call them off.
    messages.plan_reinstatement_messages(appointment, by=by)
    series_messages.renew_reinstated(appointment, by=by)
    return move_locked(appointment, by=by, **parts)


def in_its_place(appointment: Appointment) -> list[str]:
    """What stands there now: a sentence for each appointment, and each slot that a patient holds."""
    found = doubts_about(
        agenda=appointment.agenda,
        visit_reason=appointment.visit_reason,
        patient=None,
        starts_at=appointment.starts_at,
        moving=appointment,
    )
    return [one.sentence for one in found if one.code in IN_ITS_PLACE]


def _check_place(appointment: Appointment) -> None:
    if taken := in_its_place(appointment):
        raise PlaceTaken(" ".join(taken))
