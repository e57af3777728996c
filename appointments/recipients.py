"""Who receives what is shared from an appointment: the one function that decides (design, section 2).

From three facts: who booked, for whom, and which contact details the record itself carries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, BookedFor, HolderAuthorisation


class RecipientState(StrEnum):
    READY = "ready"
    MISSING_CONTACT = "missing_contact"
    NEEDS_AUTHORISATION = "needs_authorisation"


class Audience(StrEnum):
    PATIENT = "patient"
    HOLDER = "holder"


class Reason(StrEnum):
    """Why it is so; the screens have a sentence for each."""

    OWN_CONTACTS = "own_contacts"  # the patient's own record has both contacts
    MINOR_OF_HOLDER = "minor_of_holder"  # booked online for a minor: the holder
    MINOR_GUARDIAN = "minor_guardian"  # booked by the practice for a minor: whoever proves the contacts
    HOLDER_AUTHORISED = "holder_authorised"  # staff clicked "Autoriser et continuer"
    CONTACTS_MISSING = "contacts_missing"
    HOLDERS_CONTACTS_TAKEN = "holders_contacts_taken"  # adult relative without contacts, not authorised


@dataclass(frozen=True)
class Recipient:
    """Who would receive a document shared now. `missing`: which of email and mobile the record lacks."""

    state: RecipientState
    audience: Audience | None
    reason: Reason
    missing: tuple[str, ...]
    holder: User | None = None
    authorisation: HolderAuthorisation | None = None
    patient_is_minor: bool = False

    @property
    def is_ready(self) -> bool:
        return self.state is RecipientState.READY


def resolve(appointment: Appointment, *, today: date | None = None) -> Recipient:
    """Decide for a sharing done `today` (default: now, in the practice's time zone)."""
    patient, holder = appointment.patient, appointment.holder
    today = today or timezone.localdate(timezone=appointment.practice.zone)
    minor = patient.is_minor_on(today)
    missing = tuple(patient.missing_contacts)
    for_relative = holder is not None and appointment.booked_for != BookedFor.SELF

    if for_relative and minor:
        return Recipient(
            RecipientState.READY,
            Audience.HOLDER,
            Reason.MINOR_OF_HOLDER,
            missing,
            holder=holder,
            patient_is_minor=True,
        )
    if not missing:
        reason = Reason.MINOR_GUARDIAN if minor else Reason.OWN_CONTACTS
        return Recipient(RecipientState.READY, Audience.PATIENT, reason, (), patient_is_minor=minor)
    if not for_relative:
        return Recipient(
            RecipientState.MISSING_CONTACT, None, Reason.CONTACTS_MISSING, missing, patient_is_minor=minor
        )
    authorisation = appointment.holder_authorisations.filter(withdrawn_at=None, holder=holder).first()
    if authorisation:
        return Recipient(
            RecipientState.READY,
            Audience.HOLDER,
            Reason.HOLDER_AUTHORISED,
            missing,
            holder=holder,
            authorisation=authorisation,
        )
    return Recipient(RecipientState.NEEDS_AUTHORISATION, None, Reason.HOLDERS_CONTACTS_TAKEN, missing, holder=holder)
