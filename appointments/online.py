"""Booking online, by an account holder: for oneself, an adult relative or a minor relative."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments import messages
from appointments.booking import check_time, lock_agenda, place
from appointments.booking_limits import check_booking, check_changes, check_overlap, lock_account
from appointments.cancelling import cancel_locked
from appointments.models import (
    Agenda,
    Appointment,
    AppointmentKind,
    AppointmentStatus,
    BookedFor,
    BookingPolicy,
    SlotHold,
    VisitReason,
)
from appointments.moving import move_locked
from appointments.slots import Slot, is_free, next_free, open_to_online_booking
from appointments.who_may_book import check_open_to
from patients.models import Patient, Relative
from patients.models.patient import MAJORITY, age_on
from patients.names import same_names
from patients.relatives import Person, record_of_holder, record_of_relative, remember_relative
from practices.models import BookingOpenTo
from refusals import Kind, Refusal


class SlotTaken(Refusal):
    """Somebody else booked it first, or there is no such slot. `next_free`: free slots after it."""

    code = "slot_taken"
    kind = Kind.CONFLICT
    field = "start"
    words = gettext_lazy("Ce créneau n’est plus libre. Choisissez-en un autre.")

    def __init__(self, following: list[Slot]) -> None:
        super().__init__()
        self.next_free = following


class AlreadyBooked(SlotTaken):
    """This account has booked it for this person already: the button pressed twice, or after going back."""

    def __init__(self, appointment: Appointment, following: list[Slot]) -> None:
        super().__init__(following)
        self.appointment = appointment


class NotOnline(Refusal):
    """The agenda, the reason or the kind is no longer open to booking online: only the practice moves it."""

    code = "not_online"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Ce rendez-vous ne se déplace plus en ligne : appelez le cabinet. Vous pouvez toujours l’annuler ici."
    )


class MovedMeanwhile(Refusal):
    """The appointment is no longer at the time at which the user saw it."""

    code = "moved_meanwhile"
    kind = Kind.CONFLICT
    words = gettext_lazy("Ce rendez-vous a changé d’heure entre-temps : voici la nouvelle.")


class TooLate(Refusal):
    """The practice's limit for changing online has passed, or the appointment is over or cancelled."""

    code = "too_late"
    kind = Kind.CONFLICT
    words = gettext_lazy("Il est trop tard pour changer ce rendez-vous en ligne : appelez le cabinet.")


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
    hold: uuid.UUID | None = None,
) -> Appointment:
    """Book a free slot. `person`: the relative, if it is for one. `hold`: the SlotHold of this visitor, which ends.

    Raises AlreadyBooked, SlotTaken, BookingLimit (those of who_may_book too), ValidationError;
    patients.relatives.IdentityIncomplete for oneself.
    """
    check_time(starts_at)
    agenda = lock_agenda(agenda)  # of two people after one slot, one waits here and finds it taken
    for own in own_bookings(holder=holder, agenda=agenda, starts_at=starts_at):
        if own.booked_for == booked_for and _is_for(own, person):
            raise AlreadyBooked(own, _following(agenda, visit_reason, starts_at))
    check_open_to(holder=holder, practice=agenda.practice)
    if not open_to_online_booking(agenda, visit_reason, kind):
        raise ValidationError({"visit_reason": _("Ce motif ne se réserve pas en ligne sur cet agenda.")})
    if not is_free(agenda=agenda, visit_reason=visit_reason, starts_at=starts_at, hold=hold):
        raise SlotTaken(_following(agenda, visit_reason, starts_at))
    lock_account(holder)
    patient = _record(holder, agenda, booked_for, person)
    check_booking(
        holder=holder,
        patient=patient,
        agenda=agenda,
        booked_for=booked_for,
        starts_at=starts_at,
        ends_at=_end(starts_at, visit_reason),
    )
    appointment = place(
        agenda=agenda,
        visit_reason=visit_reason,
        patient=patient,
        starts_at=starts_at,
        kind=kind,
        holder=holder,
        booked_for=booked_for,
        by=holder,
        pk=pk,
    )
    if hold is not None:
        SlotHold.objects.filter(pk=hold).delete()
    messages.plan_booking_messages(appointment)
    return appointment


@transaction.atomic
def cancel_online(*, appointment: Appointment, by: User) -> Appointment:
    """Cancel by the booker, until the practice's limit. Cancelling twice changes nothing. Raises TooLate."""
    appointment = _locked_own(appointment, by)
    if appointment.status == AppointmentStatus.CANCELLED:
        return appointment
    if not may_change_online(appointment):
        raise TooLate
    return cancel_locked(appointment, by)


@transaction.atomic
def move_online(
    *, appointment: Appointment, starts_at: datetime, by: User, seen: datetime | None = None
) -> Appointment:
    """Move to another free slot of the same agenda, by the booker. Moving to its current time changes nothing.

    `seen`: the time at which the user saw it. Raises TooLate, MovedMeanwhile, NotOnline, SlotTaken, BookingLimit.
    """
    appointment = _locked_own(appointment, by)
    if not may_change_online(appointment):
        raise TooLate
    if appointment.starts_at == starts_at:
        return appointment
    if seen is not None and appointment.starts_at != seen:
        raise MovedMeanwhile
    check_changes(appointment)
    agenda, visit_reason = lock_agenda(appointment.agenda), appointment.visit_reason
    if not _still_online(appointment):
        raise NotOnline
    if not is_free(agenda=agenda, visit_reason=visit_reason, starts_at=starts_at, moving=appointment):
        raise SlotTaken(_following(agenda, visit_reason, starts_at))
    lock_account(by)
    check_overlap(
        holder=by,
        patient=appointment.patient,
        booked_for=BookedFor(appointment.booked_for),
        starts_at=starts_at,
        ends_at=_end(starts_at, visit_reason),
        moving=appointment,
    )
    return move_locked(appointment, by=by, starts_at=starts_at)


def may_change_online(appointment: Appointment, *, policy: BookingPolicy | None = None) -> bool:
    """`policy`: that of its practice, if the caller has read it."""
    policy = policy or BookingPolicy.of(appointment.practice)
    return appointment.status == AppointmentStatus.BOOKED and policy.may_change(appointment.starts_at)


def may_move_online(appointment: Appointment) -> bool:
    """False if its agenda, its reason or its kind has since been closed to booking online."""
    return may_change_online(appointment) and _still_online(appointment)


def _still_online(appointment: Appointment) -> bool:
    """Moving keeps the kind: an appointment by video can move even if its agenda has no address any more."""
    if appointment.practice.takes_bookings_of == BookingOpenTo.NOBODY:
        return False
    reason = appointment.visit_reason
    return open_to_online_booking(appointment.agenda, reason) and reason.allows(appointment.kind)


def own_bookings(*, holder: User, agenda: Agenda, starts_at: datetime) -> list[Appointment]:
    """What this account has booked on an agenda at this time."""
    bookings = Appointment.objects.filter(
        holder=holder, agenda=agenda, starts_at=starts_at, status=AppointmentStatus.BOOKED
    )
    return list(bookings.select_related("patient", "practice", "visit_reason"))


def _following(agenda: Agenda, visit_reason: VisitReason, starts_at: datetime) -> list[Slot]:
    return next_free(agenda=agenda, visit_reason=visit_reason, after=max(starts_at, timezone.now()))


def _is_for(appointment: Appointment, person: Person | None) -> bool:
    """Compares by record, or by the relative that led to it: staff may have corrected the record since."""
    if person is None:
        return appointment.booked_for == BookedFor.SELF
    relatives = Relative.objects.filter(holder=appointment.holder, records__patient=appointment.patient)
    return any(
        same_names((one.first_name, one.last_name), (person.first_name, person.last_name))
        and one.birth_date == person.birth_date
        for one in (appointment.patient, *relatives)
    )


def _record(holder: User, agenda: Agenda, booked_for: BookedFor, person: Person | None) -> Patient:
    """The record of the patient. Raises ValidationError if age and kind of relative contradict each other."""
    practice = agenda.practice
    if booked_for == BookedFor.SELF:
        return record_of_holder(holder=holder, practice=practice)
    if person is None:
        raise ValidationError({"patient": _("Dites pour qui est le rendez-vous : prénom, nom, date de naissance.")})
    today = timezone.localdate(timezone=practice.zone)
    relative: Relative = remember_relative(holder=holder, person=person, today=today)
    if refused := wrong_age(relative.birth_date, booked_for=booked_for, today=today):
        raise ValidationError({"birth_date": refused})
    return record_of_relative(relative=relative, practice=practice, by=holder)


def wrong_age(born: date, *, booked_for: BookedFor, today: date) -> str:
    """Why this birth date does not fit the adult or child being booked for; "" if it does.

    `today`: at the practice.
    """
    minor = age_on(born, today) < MAJORITY
    if minor == (booked_for == BookedFor.MINOR_RELATIVE):
        return ""
    if minor:
        return _("Selon cette date de naissance, votre proche est mineur : choisissez « un enfant ».")
    return _("Selon cette date de naissance, votre proche est majeur : choisissez « un adulte ».")


def _end(starts_at: datetime, visit_reason: VisitReason) -> datetime:
    return starts_at.astimezone(UTC) + timedelta(minutes=visit_reason.duration_minutes)


def _locked_own(appointment: Appointment, by: User) -> Appointment:
    """The holder's appointment, locked. Raises Appointment.DoesNotExist if it is not theirs or was deleted."""
    Appointment.objects.lock_first(appointment.pk)
    return (
        Appointment.objects.select_for_update(of=("self",))
        .select_related("practice", "agenda__practice", "visit_reason", "patient", "holder")
        .get(pk=appointment.pk, holder=by)
    )
