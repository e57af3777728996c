"""Confirming and cancelling by the link of a reminder, without an account.

The link stands on the contact it was sent to and on the time that the reminder told of: a corrected contact, a move
and the start of the appointment end it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from appointments.answer_links import digest_of, is_contact
from appointments.cancelling import cancel_locked
from appointments.models import AnswerLink, Appointment, AppointmentStatus
from appointments.online import TooLate, may_change_online
from appointments.parties import contacts_of, is_ahead
from audit.trail import record
from notifications.models import Channel
from practices.models import Practice
from refusals import Kind, Refusal


class AnswerOver(Refusal):
    """The link answers nothing any more: moved, begun, cancelled, or another contact."""

    code = "answer_over"
    kind = Kind.GONE
    words = gettext_lazy("Ce lien ne sert plus : le rendez-vous a changé, ou a commencé.")


@dataclass(frozen=True)
class Answerable:
    """The appointments that a link is about, as far as it still stands."""

    practice: Practice
    language: str
    appointments: list[Appointment]


def find_answerable(token: str) -> Answerable | None:
    """None if this site never issued the link, or what it was about was deleted."""
    related = AnswerLink.objects.select_related(
        "appointment__practice",
        "appointment__patient__practice",
        "appointment__holder",
        "appointment__agenda__practitioner",
    )
    rows = list(related.filter(digest=digest_of(token)).order_by("starts_at", "id"))
    if not rows:
        return None
    standing = [row.appointment for row in rows if stands(row, row.appointment)]
    return Answerable(rows[0].appointment.practice, rows[0].language, standing)


def stands(row: AnswerLink, appointment: Appointment) -> bool:
    if appointment.starts_at != row.starts_at or not is_ahead(appointment):
        return False
    if appointment.practice.suspended_at is not None:
        return False
    return any(is_contact(to, row.contact) for to in contacts_of(appointment, Channel(row.channel)))


@transaction.atomic
def confirm(*, token: str, appointment: uuid.UUID) -> None:
    """Confirming twice changes nothing. Raises AnswerOver."""
    locked = _locked(token, appointment)
    if locked.status != AppointmentStatus.BOOKED:
        raise AnswerOver
    if locked.confirmed_at is not None:
        return
    locked.confirmed_at = timezone.now()
    locked.save(update_fields=["confirmed_at"])
    record(
        "appointment.confirmed",
        by=None,
        on=locked,
        practice=locked.practice_id,
        within=locked,
        detail={"by_reminder": True},
    )


@transaction.atomic
def cancel_by_link(*, token: str, appointment: uuid.UUID) -> None:
    """Until the practice's limit. Cancelling twice changes nothing. Raises AnswerOver, TooLate."""
    locked = _locked(token, appointment)
    if locked.status == AppointmentStatus.CANCELLED:
        return
    if not may_change_online(locked):
        raise TooLate
    cancel_locked(locked, None, detail={"by_reminder": True})


def _locked(token: str, pk: uuid.UUID) -> Appointment:
    """Raises AnswerOver."""
    Appointment.objects.lock_first(pk)
    related = Appointment.objects.select_related(
        "practice", "agenda__practice", "agenda__practitioner", "visit_reason", "patient__practice", "holder"
    )
    locked = related.select_for_update(of=("self",)).filter(pk=pk).first()
    row = AnswerLink.objects.filter(digest=digest_of(token), appointment=pk).first()
    if locked is None or row is None or not stands(row, locked):
        raise AnswerOver
    return locked
