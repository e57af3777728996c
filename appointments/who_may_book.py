"""To whom a practice opens its online booking: everybody, patients it knows, or nobody
(practices/opening.py sets it)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.booking_limits import BookingLimit
from appointments.models import Appointment, AppointmentStatus
from patients.relatives import has_record
from practices.models import BookingOpenTo, Practice


class BookingClosed(BookingLimit):
    """Nobody books online at this practice."""

    code = "booking_closed"
    words = gettext_lazy("Ce cabinet ne prend plus de rendez-vous en ligne : appelez-le.")


class KnownPatientsOnly(BookingLimit):
    """The account is not known to the practice."""

    code = "known_patients_only"
    words = gettext_lazy(
        "Ce cabinet ne prend de rendez-vous en ligne que pour les patients qu’il connaît déjà : appelez-le pour le "
        "premier."
    )


def check_open_to(*, holder: User, practice: Practice) -> None:
    """Raises BookingClosed, KnownPatientsOnly."""
    if practice.takes_bookings_of == BookingOpenTo.NOBODY:
        raise BookingClosed
    if practice.takes_bookings_of == BookingOpenTo.KNOWN and not is_known(holder=holder, practice=practice):
        raise KnownPatientsOnly


def check_open_to_new_patients(practice: Practice) -> None:
    """Whether somebody without an account may begin to book. Raises BookingClosed, KnownPatientsOnly."""
    if practice.takes_bookings_of == BookingOpenTo.NOBODY:
        raise BookingClosed
    if practice.takes_bookings_of == BookingOpenTo.KNOWN:
        raise KnownPatientsOnly


def is_known(*, holder: User, practice: Practice) -> bool:
    """Whether the account has proved a record of the practice, could prove it with what it has proved, or has an
    appointment there that it booked, past or to come."""
    booked = Appointment.objects.filter(practice=practice, holder=holder, status=AppointmentStatus.BOOKED)
    return booked.exists() or has_record(holder=holder, practice=practice)
