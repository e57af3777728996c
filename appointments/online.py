"""Booking online, by an account holder: for oneself, an adult relative or a minor relative."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from appointments import messages
from appointments.booking import cancel_locked, check_time, lock_agenda, move_locked, place
from appointments.models import (
    Agenda,
    Appointment,
    AppointmentKind,
    AppointmentStatus,
    BookedFor,
    BookingPolicy,
    VisitReason,
)
from appointments.slots import Slot, is_free, next_free, open_to_online_booking
from patients.models import Patient, Relative
from patients.relatives import Person, record_of_holder, record_of_relative, remember_relative


class SlotTaken(Exception):
    """Somebody was faster, or the slot is not one. `next_free`: what is left around it."""

    def __init__(self, following: list[Slot]) -> None:
        super().__init__()
        self.next_free = following


class TooLate(Exception):
    """The practice's limit for changing online has passed, or the appointment is over or cancelled."""


@transaction.atomic
def book_online(
    *,
    holder: User,
    agenda: Agenda,
    visit_reason: VisitReason,
    starts_at: datetime,
    kind: AppointmentKind,
    booked_for: BookedFor,
    person: Person | None = None,
    pk: uuid.UUID | None = None,
) -> Appointment:
    """Book a free slot. `person`: the relative, where it is for one.

    Raises SlotTaken, patients.relatives.IdentityIncomplete (for oneself), ValidationError.
    """
    check_time(starts_at)
    agenda = lock_agenda(agenda)  # two people after one slot: one waits here, and finds it taken
    if not open_to_online_booking(agenda, visit_reason, kind):
        raise ValidationError({"visit_reason": _("Ce motif ne se réserve pas en ligne sur cet agenda.")})
    if not is_free(agenda=agenda, visit_reason=visit_reason, starts_at=starts_at):
        raise SlotTaken(next_free(agenda=agenda, visit_reason=visit_reason, after=max(starts_at, timezone.now())))
    appointment = place(
        agenda=agenda,
        visit_reason=visit_reason,
        patient=_record(holder, agenda, booked_for, person),
        starts_at=starts_at,
        kind=kind,
        holder=holder,
        booked_for=booked_for,
        by=holder,
        pk=pk,
    )
    messages.tell_booked(appointment)
    return appointment


@transaction.atomic
def cancel_online(*, appointment: Appointment, by: User) -> Appointment:
    """By whoever booked it, until the practice's limit. Cancelling twice changes nothing. Raises TooLate."""
    appointment = _own(appointment, by)
    if appointment.status == AppointmentStatus.CANCELLED:
        return appointment
    if not may_change_online(appointment):
        raise TooLate
    return cancel_locked(appointment, by)


@transaction.atomic
def move_online(*, appointment: Appointment, starts_at: datetime, by: User) -> Appointment:
    """To another free slot of the same agenda, by whoever booked it. Raises TooLate, SlotTaken."""
    appointment = _own(appointment, by)
    if not may_change_online(appointment):
        raise TooLate
    agenda, visit_reason = lock_agenda(appointment.agenda), appointment.visit_reason
    if not is_free(agenda=agenda, visit_reason=visit_reason, starts_at=starts_at, moving=appointment):
        raise SlotTaken(next_free(agenda=agenda, visit_reason=visit_reason, after=max(starts_at, timezone.now())))
    return move_locked(appointment, by=by, starts_at=starts_at)


def may_change_online(appointment: Appointment) -> bool:
    limit = BookingPolicy.of(appointment.practice).cancel_notice
    return appointment.status == AppointmentStatus.BOOKED and appointment.starts_at - timezone.now() >= limit


def _record(holder: User, agenda: Agenda, booked_for: BookedFor, person: Person | None) -> Patient:
    """The record of whom it is for. Raises ValidationError where age and kind of relative don't agree."""
    practice = agenda.practice
    if booked_for == BookedFor.SELF:
        return record_of_holder(holder=holder, practice=practice)
    if person is None:
        raise ValidationError({"patient": _("Dites pour qui est le rendez-vous : prénom, nom, date de naissance.")})
    relative: Relative = remember_relative(holder=holder, person=person)
    minor = relative.is_minor_on(timezone.localdate(timezone=practice.zone))
    if minor != (booked_for == BookedFor.MINOR_RELATIVE):
        raise ValidationError(
            {
                "birth_date": _("Selon cette date de naissance, votre proche est mineur : choisissez « un enfant ».")
                if minor
                else _("Selon cette date de naissance, votre proche est majeur : choisissez « un adulte ».")
            }
        )
    return record_of_relative(relative=relative, practice=practice, by=holder)


def _own(appointment: Appointment, by: User) -> Appointment:
    """The holder's appointment, locked. Raises Appointment.DoesNotExist where it is not theirs or went."""
    return (
        Appointment.objects.select_for_update(of=("self",))
        .select_related("practice", "agenda__practice", "visit_reason", "patient", "holder")
        .get(pk=appointment.pk, holder=by)
    )
