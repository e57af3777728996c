"""Making and changing a practice's record of a person."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Practice, User
from audit.trail import record
from patients.contacts import clean_email, clean_mobile
from patients.invitations import end_live_invitation, invite_again
from patients.models import InvitationEnd, Patient


class PatientChanges(TypedDict, total=False):
    first_name: str
    last_name: str
    birth_date: date
    email: str | None
    mobile: str | None
    language: str


@transaction.atomic
def create_patient(
    *,
    practice: Practice,
    first_name: str,
    last_name: str,
    birth_date: date,
    email: str | None = None,
    mobile: str | None = None,
    language: str = "fr",
    by: User | None,
    pk: uuid.UUID | None = None,
) -> Patient:
    """A new record. Records are never merged or tied by guess, however alike. Raises ValidationError."""
    patient = Patient(id=pk or uuid.uuid4(), practice=practice, language=language)
    _fill(patient, first_name=first_name, last_name=last_name, birth_date=birth_date, email=email, mobile=mobile)
    patient.save()
    record("patient.created", by=by, on=patient, practice=practice)
    return patient


@transaction.atomic
def change_patient(
    *,
    patient: Patient,
    by: User,
    within: uuid.UUID | None = None,
    tells: bool = False,
    **changes: Unpack[PatientChanges],
) -> Patient:
    """Change a record. New contacts end the invitation sent to the old ones (security case 11), and get their own.

    `within` is the appointment from whose page it was done. `tells`: the caller tells the new contacts itself, with
    a new invitation. Raises ValidationError.
    """
    patient = Patient.objects.select_for_update().select_related("practice").get(pk=patient.pk)
    before = {name: getattr(patient, name) for name in changes}
    _fill(patient, **changes)
    changed = sorted(name for name, value in before.items() if getattr(patient, name) != value)
    if not changed:
        return patient
    patient.save()
    contacts = [name for name in changed if name in ("email", "mobile")]
    if contacts:
        was_invited = end_live_invitation(patient=patient, reason=InvitationEnd.CONTACTS_CHANGED)
        if was_invited and not tells and not patient.missing_contacts:
            invite_again(patient=patient, by=by, within=within)  # what waits for them is not lost with the old link
        record(
            "contact.changed",
            by=by,
            on=patient,
            practice=patient.practice,
            within=within,
            detail={"fields": contacts},
        )
    others = [name for name in changed if name not in contacts]
    if others:
        record("patient.changed", by=by, on=patient, practice=patient.practice, detail={"fields": others})
    return patient


def _fill(patient: Patient, **changes: Unpack[PatientChanges]) -> None:
    errors: dict[str, list[str]] = {}
    for name, value in changes.items():
        try:
            if name == "email":
                value = clean_email(value)  # type: ignore[arg-type]
            elif name == "mobile":
                value = clean_mobile(value)  # type: ignore[arg-type]
            elif isinstance(value, str):
                value = " ".join(value.split())
        except ValidationError as error:
            errors[name] = error.messages
        setattr(patient, name, value)
    born: object = patient.birth_date
    if isinstance(born, date) and born > timezone.localdate():
        errors["birth_date"] = [_("Cette date de naissance est dans l’avenir.")]
    try:
        patient.full_clean(exclude=[*errors, "practice"])
    except ValidationError as error:
        errors |= error.message_dict
    if errors:
        raise ValidationError(errors)
