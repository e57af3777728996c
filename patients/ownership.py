"""Decides whether a contact of a record is the patient's own; the only place that does.

A contact is the patient's own if the practice's staff entered it or the patient proved it. It is not while

- it equals one of the booker's contacts, an alias of it, or one that the booker had before a change;
- a booker gave it: then it counts only for later appointments of this booker, and never for one for which staff
  refused or withdrew an authorisation;
- it was recorded while the patient was a minor, and the patient is now of age: it may be a parent's;
- its owner gave five wrong birth dates, or staff ended the access of an account that had proved it.

Staff who confirm a contact, or the patient who proves it, make it the patient's own (`own_from_now_on`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from django.utils import timezone

from accounts.models import User
from patients.contacts import same_mailbox
from patients.models import Patient

CONTACTS = ("email", "mobile")
MAX_BIRTH_DATE_ATTEMPTS = 5


class Standing(StrEnum):
    OWN = "own"
    MISSING = "missing"
    BOOKERS = "bookers"  # equals one of the booker's, or an alias
    GIVEN_BY_BOOKER = "given_by_booker"
    OF_MINORITY = "of_minority"
    DOUBTED = "doubted"  # five wrong birth dates, or staff ended the access of an account that had proved it


@dataclass(frozen=True)
class Booking:
    """An appointment booked online for a relative: who booked, when, and whether staff refused the booker."""

    booker: User
    made_at: datetime
    refused: bool


def standings(patient: Patient, *, today: date | None = None, booking: Booking | None = None) -> dict[str, Standing]:
    """Whether the record's email and mobile are the patient's own on `today` (default: now, at the practice).

    `booking`: for an appointment that somebody booked for this patient as a relative; None for one booked by the
    practice or the patient.
    """
    today = today or timezone.localdate(timezone=patient.practice.zone)
    return {name: _standing(patient, name, today, booking) for name in CONTACTS}


def _standing(patient: Patient, name: str, today: date, booking: Booking | None) -> Standing:
    contact = getattr(patient, name)
    if not contact:
        return Standing.MISSING
    if booking and equals_one_of(booking.booker, name, contact, recorded_at=recorded_at(patient, name)):
        return Standing.BOOKERS
    if given_by(patient, name) is not None and not _counts_for(patient, name, booking):
        return Standing.GIVEN_BY_BOOKER
    if not patient.is_minor_on(today) and _is_of_minority(patient, name):
        return Standing.OF_MINORITY
    if is_doubted(patient):
        return Standing.DOUBTED
    return Standing.OWN


def is_in_doubt(patient: Patient) -> bool:
    """Whether no invitation of the record opens until staff confirm or correct its contacts."""
    return patient.access_ended or patient.birth_date_attempts >= MAX_BIRTH_DATE_ATTEMPTS


def is_doubted(patient: Patient) -> bool:
    """Whether its contacts count for nobody: they are in doubt, and no account has proved the current ones."""
    return is_in_doubt(patient) and not patient.ties.proved_now().exists()


def given_by(patient: Patient, name: str) -> object | None:
    """The id of the booker who gave the contact, while nobody has confirmed it; None if staff entered it or it is
    proved."""
    giver: object | None = getattr(patient, f"{name}_given_by_id")
    return giver


def recorded_in_minority(patient: Patient) -> bool:
    """Whether a contact was recorded while the patient was a minor, whoever gave it, and the patient is now of
    age."""
    there = [name for name in CONTACTS if getattr(patient, name)]
    return not patient.is_minor_now() and any(_is_of_minority(patient, name) for name in there)


def recorded_at(patient: Patient, name: str) -> datetime:
    at: datetime | None = getattr(patient, f"{name}_since")
    return at or patient.created_at


def unconfirmed(patient: Patient) -> list[str]:
    """Contacts that staff may confirm: present, but not the patient's own for any appointment. After five wrong birth
    dates all of them, so that invitations open again."""
    if is_in_doubt(patient):
        return [name for name in CONTACTS if getattr(patient, name)]
    waiting = (Standing.GIVEN_BY_BOOKER, Standing.OF_MINORITY, Standing.DOUBTED)
    return [name for name, standing in standings(patient).items() if standing in waiting]


def own_from_now_on(patient: Patient, *names: str) -> list[str]:
    """Mark contacts that staff entered or confirmed, or the patient proved. Returns the names of fields to save."""
    patient.birth_date_attempts, patient.access_ended = 0, False
    return [*_recorded(patient, names, giver=None), "birth_date_attempts", "access_ended"]


def given_from_now_on(patient: Patient, *names: str, giver: User) -> list[str]:
    """Mark contacts that a booker gave. Returns the names of fields to save."""
    return _recorded(patient, names, giver=giver)


def _recorded(patient: Patient, names: tuple[str, ...], giver: User | None) -> list[str]:
    minor = patient.is_minor_now()
    for name in names:
        setattr(patient, f"{name}_given_by", giver)
        setattr(patient, f"{name}_since", timezone.now())
        setattr(patient, f"{name}_of_minor", minor)
    return [f"{name}_{fact}" for name in names for fact in ("given_by", "since", "of_minor")]


def _counts_for(patient: Patient, name: str, booking: Booking | None) -> bool:
    """Whether a contact given by a booker counts for this appointment: it must be a later one of the same booker."""
    return (
        booking is not None
        and given_by(patient, name) == booking.booker.pk
        and recorded_at(patient, name) <= booking.made_at
        and not booking.refused
    )


def _is_of_minority(patient: Patient, name: str) -> bool:
    """Judged by the birth date at that time and by today's: a corrected one must not make a parent's contact the
    patient's own."""
    if getattr(patient, f"{name}_of_minor"):
        return True
    day = timezone.localtime(recorded_at(patient, name), patient.practice.zone).date()
    return patient.is_minor_on(day)


def equals_one_of(booker: User, name: str, contact: str, *, recorded_at: datetime | None = None) -> bool:
    """Whether a contact is the booker's own, or an alias of it.

    Also true for contacts that the booker had before a change, unless the record got it later (`recorded_at`;
    default: it is being given now).
    """
    # Filtered here and not by the database, so that callers with many bookers can prefetch.
    theirs = [former.value for former in booker.former_contacts.all()
              if former.contact == name and (recorded_at is None or recorded_at <= former.until)]  # fmt: skip
    if name == "mobile":
        return contact in [booker.mobile, *theirs]
    addresses = [one.email for one in booker.emailaddress_set.all() if one.verified]
    return any(same_mailbox(contact, address) for address in [booker.email, *addresses, *theirs])
