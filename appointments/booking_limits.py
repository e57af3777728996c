"""Limits on the appointments that an account may hold or change online. They do not bind staff.

Checked under the locks of the booking (agenda, then account), so that concurrent requests count one after the other.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from appointments.models import Agenda, Appointment, AppointmentStatus, BookedFor, BookingPolicy
from patients.models import Patient, RelativeRecord
from refusals import Kind, Refusal

MOST_CHANGES = 10  # of one appointment: each change sends messages, perhaps to somebody who never asked for them


class BookingLimit(Refusal):
    """A limit on booking online; each subclass is one limit."""

    code = "booking_limit"
    kind = Kind.CONFLICT


class TooManyAppointments(BookingLimit):
    code = "too_many_appointments"


class TooManyWithAgenda(BookingLimit):
    code = "too_many_with_agenda"


class TooManyChanges(BookingLimit):
    code = "too_many_changes"


class OverlappingAppointment(BookingLimit):
    code = "overlapping_appointment"


class AccountClosed(BookingLimit):
    code = "account_closed"


def lock_account(holder: User) -> None:
    """Serialise bookings and moves of one account until the transaction ends. Raises AccountClosed if the account was
    closed or erased since the request began."""
    if not User.objects.select_for_update(of=("self",)).filter(pk=holder.pk, is_active=True).exists():
        raise AccountClosed(_("Ce compte est fermé : il ne prend plus de rendez-vous."))


def check_booking(
    *, holder: User, patient: Patient, agenda: Agenda, booked_for: BookedFor, starts_at: datetime, ends_at: datetime
) -> None:
    """Raises OverlappingAppointment, TooManyWithAgenda, TooManyAppointments, TooManyChanges."""
    check_overlap(holder=holder, patient=patient, booked_for=booked_for, starts_at=starts_at, ends_at=ends_at)
    policy = BookingPolicy.of(agenda.practice)
    booked = Appointment.objects.filter(holder=holder, practice=agenda.practice)
    ahead = booked.upcoming()
    if ahead.filter(patient=patient, agenda=agenda).count() >= policy.most_per_person:
        raise TooManyWithAgenda(_with_agenda_sentence(policy.most_per_person, booked_for))
    if ahead.count() >= policy.most_upcoming:
        raise TooManyAppointments(_upcoming_sentence(policy.most_upcoming))
    if booked.filter(created_at__gt=timezone.now() - timedelta(days=1)).count() >= policy.most_a_day:
        raise TooManyChanges(
            _("Trop de rendez-vous pris en un jour depuis ce compte. Réessayez demain, ou appelez le cabinet.")
        )


def check_overlap(
    *,
    holder: User,
    patient: Patient,
    booked_for: BookedFor,
    starts_at: datetime,
    ends_at: datetime,
    moving: Appointment | None = None,
) -> None:
    """Nobody can be at two appointments at once: compares by record, and by relative of the account, at all
    practices.

    Raises OverlappingAppointment.
    """
    person = Q(patient=patient)
    if booked_for == BookedFor.SELF:
        person |= Q(holder=holder, booked_for=BookedFor.SELF)
    else:
        known = RelativeRecord.objects.filter(relative__holder=holder, patient=patient)
        records = RelativeRecord.objects.filter(relative__in=known.values("relative"))
        person |= Q(holder=holder, patient__in=records.values("patient"))
    overlapping = Appointment.objects.filter(
        person, status=AppointmentStatus.BOOKED, starts_at__lt=ends_at, ends_at__gt=starts_at
    )
    if moving is not None:
        overlapping = overlapping.exclude(pk=moving.pk)
    if overlapping.exists():
        raise OverlappingAppointment(
            _("Vous avez déjà un rendez-vous à cette heure : choisissez-en une autre.")
            if booked_for == BookedFor.SELF
            else _("Cette personne a déjà un rendez-vous à cette heure : choisissez-en une autre.")
        )


def check_changes(appointment: Appointment) -> None:
    """Raises TooManyChanges."""
    if appointment.revision >= MOST_CHANGES:
        raise TooManyChanges(
            _("Ce rendez-vous a été déplacé trop de fois. Pour le déplacer encore, appelez le cabinet.")
        )


def _upcoming_sentence(most: int) -> str:
    return ngettext(
        "Votre compte a déjà %(most)d rendez-vous à venir dans ce cabinet, le plus qu’on puisse prendre en ligne. "
        "Annulez-le, ou appelez le cabinet.",
        "Votre compte a déjà %(most)d rendez-vous à venir dans ce cabinet, le plus qu’on puisse prendre en ligne. "
        "Annulez-en un, ou appelez le cabinet.",
        most,
    ) % {"most": most}


def _with_agenda_sentence(most: int, booked_for: BookedFor) -> str:
    if booked_for == BookedFor.SELF:
        return ngettext(
            "Vous avez déjà %(most)d rendez-vous à venir sur cet agenda, le plus qu’on puisse prendre en ligne. "
            "Annulez-le, ou appelez le cabinet.",
            "Vous avez déjà %(most)d rendez-vous à venir sur cet agenda, le plus qu’on puisse prendre en ligne. "
            "Annulez-en un, ou appelez le cabinet.",
            most,
        ) % {"most": most}
    return ngettext(
        "Cette personne a déjà %(most)d rendez-vous à venir sur cet agenda, le plus qu’on puisse prendre en ligne. "
        "Annulez-le, ou appelez le cabinet.",
        "Cette personne a déjà %(most)d rendez-vous à venir sur cet agenda, le plus qu’on puisse prendre en ligne. "
        "Annulez-en un, ou appelez le cabinet.",
        most,
    ) % {"most": most}
