"""Decides who receives what is shared from an appointment; the only function that does.

From three facts: who booked, for whom, and which contacts of the record are the patient's own
(patients/ownership.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from uuid import UUID

from django.db.models import prefetch_related_objects
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, BookedFor, HolderAuthorisation, HolderExclusion
from patients.models import Patient
from patients.ownership import Booking, Standing, standings


class RecipientState(StrEnum):
    READY = "ready"
    MISSING_CONTACT = "missing_contact"
    NEEDS_AUTHORISATION = "needs_authorisation"


class Audience(StrEnum):
    PATIENT = "patient"
    HOLDER = "holder"


class Reason(StrEnum):
    """The reason for the decision; the pages have a sentence for each."""

    OWN_CONTACTS = "own_contacts"  # both contacts of the record are the patient's own
    MINOR_OF_HOLDER = "minor_of_holder"  # booked online for a minor: the holder
    MINOR_GUARDIAN = "minor_guardian"  # booked by the practice for a minor: the guardian who proves the contacts
    HOLDER_AUTHORISED = "holder_authorised"  # staff clicked "Autoriser et continuer"
    CONTACTS_MISSING = "contacts_missing"
    HOLDERS_CONTACTS_TAKEN = "holders_contacts_taken"  # adult relative without own contacts, not authorised
    HOLDER_EXCLUDED = "holder_excluded"  # booked for a minor by somebody whose access staff ended


@dataclass(frozen=True)
class Addressee:
    """To whom a shared document goes. Written to rows by documents/addressees.py.

    `holder` and `authorisation`: None for the patient. `authorisation` is None for the holder of a minor, too.
    """

    audience: Audience
    holder: User | None
    authorisation: HolderAuthorisation | None
    patient_is_minor: bool


@dataclass(frozen=True)
class Recipient:
    """Who would receive a document shared now.

    `standings`: for "email" and "mobile", whether the record's contact is the patient's own, or why not. `contacts`:
    the patient's own contacts; no other contact of the record gets a message. `missing`: which of the two is absent
    or not the patient's own.
    """

    state: RecipientState
    audience: Audience | None
    reason: Reason
    standings: Mapping[str, Standing]
    contacts: Mapping[str, str] = field(default_factory=dict)
    holder: User | None = None
    authorisation: HolderAuthorisation | None = None
    patient_is_minor: bool = False
    refused: bool = False  # staff refused or withdrew an authorisation for this appointment

    @property
    def is_ready(self) -> bool:
        return self.state is RecipientState.READY

    @property
    def addressee(self) -> Addressee:
        """The holder if the holder receives, otherwise the patient: automatic documents go to a patient with only one
        contact, too, though the recipient is not ready."""
        to_holder = self.audience is Audience.HOLDER
        return Addressee(
            audience=Audience.HOLDER if to_holder else Audience.PATIENT,
            holder=self.holder if to_holder else None,
            authorisation=self.authorisation,
            patient_is_minor=self.patient_is_minor,
        )

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name, standing in self.standings.items() if standing is not Standing.OWN)


def resolve(
    appointment: Appointment, *, today: date | None = None, exclusions: Sequence[HolderExclusion] | None = None
) -> Recipient:
    """Decide for a document shared on the day `today` (default: now, in the practice's time zone).

    `exclusions`: all that may be about the record, if the caller has read them.
    """
    patient, holder = appointment.patient, appointment.holder
    today = today or timezone.localdate(timezone=appointment.practice.zone)
    minor = patient.is_minor_on(today)
    booker = holder if appointment.booked_for != BookedFor.SELF else None
    past = list(appointment.holder_authorisations.all()) if booker else []
    standing = (one for one in past if one.withdrawn_at is None and one.holder_id == appointment.holder_id)
    authorisation = next(standing, None)
    refused = authorisation is None and bool(past)
    standing_now = standings(
        patient, today=today, booking=Booking(booker, appointment.created_at, refused) if booker else None
    )
    decide = partial(
        Recipient,
        standings=standing_now,
        contacts={
            name: getattr(patient, name) for name, standing in standing_now.items() if standing is Standing.OWN
        },
        patient_is_minor=minor,
        refused=refused,
    )
    ready = partial(decide, state=RecipientState.READY)
    reads = booker is not None and booker.is_active  # a closed or erased account shows nothing
    if booker and reads and minor and not is_excluded(booker, patient, among=exclusions):
        return ready(audience=Audience.HOLDER, reason=Reason.MINOR_OF_HOLDER, holder=booker)
    if all(standing is Standing.OWN for standing in standing_now.values()):
        reason = Reason.MINOR_GUARDIAN if minor else Reason.OWN_CONTACTS
        return ready(audience=Audience.PATIENT, reason=reason)
    if booker is None or not reads:
        return decide(state=RecipientState.MISSING_CONTACT, audience=None, reason=Reason.CONTACTS_MISSING)
    if authorisation:
        return ready(
            audience=Audience.HOLDER, reason=Reason.HOLDER_AUTHORISED, holder=booker, authorisation=authorisation
        )
    reason = Reason.HOLDER_EXCLUDED if minor else Reason.HOLDERS_CONTACTS_TAKEN
    return decide(state=RecipientState.NEEDS_AUTHORISATION, audience=None, reason=reason, holder=booker)


def resolve_each(appointments: Sequence[Appointment]) -> dict[UUID, Recipient]:
    """As resolve, for many appointments in a few queries: by appointment."""
    prefetch_related_objects(
        appointments, "holder_authorisations", "holder__former_contacts", "holder__emailaddress_set"
    )
    patients = [one.patient for one in appointments]
    exclusions = list(HolderExclusion.objects.possibly_about(patients)) if patients else []
    return {one.pk: resolve(one, exclusions=exclusions) for one in appointments}


def with_todays_holder(appointment: Appointment) -> Appointment:
    """Read the holder again, once the appointment is locked: PostgreSQL returns joined rows as they were before the
    wait for the lock, and the account may have been erased meanwhile."""
    if appointment.holder_id is not None:
        appointment.holder = User.objects.get(pk=appointment.holder_id)
    return appointment


def is_excluded(holder: User, patient: Patient, *, among: Sequence[HolderExclusion] | None = None) -> bool:
    """Whether staff ended what the holder receives as a booker for this minor."""
    if among is not None:
        return any(one.is_of(holder) and one.is_about(patient) for one in among)
    return bool(HolderExclusion.objects.of(holder).applying_to(patient))


def receives_as_booker(patient: Patient) -> dict[User, datetime]:
    """Accounts that receive later documents because they booked for this minor, with the time of the first
    booking."""
    if not patient.is_minor_now():
        return {}
    booked = patient.appointments.filter(holder__is_active=True).exclude(booked_for=BookedFor.SELF)
    first = {one.holder: one.created_at for one in booked.select_related("holder").order_by("-created_at")}
    return {holder: since for holder, since in first.items() if holder and not is_excluded(holder, patient)}
