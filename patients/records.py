"""Making and changing a practice's record of a person."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from copy import copy
from datetime import date
from enum import StrEnum
from typing import TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit.trail import DetailValue, record
from patients import signals
from patients.birth_dates import ImpossibleBirthDate, check_birth_date
from patients.contacts import clean_email, clean_mobile
from patients.invitations import end_live_invitation, invite_again
from patients.models import InvitationEnd, Patient, TieEnd
from patients.names import kept
from patients.ownership import (
    CONTACTS,
    given_from_now_on,
    is_in_doubt,
    own_from_now_on,
    unconfirmed,
    waits_since_minority,
)
from patients.ties import end_tie, follow_record
from practices.models import Practice
from practices.roles import require_sharer
from refusals import Kind, Refusal

IDENTITY = ("first_name", "last_name", "birth_date")


class FormerContacts(StrEnum):
    """Whose the contacts were that staff replace."""

    SOMEONE_ELSE = "someone_else"  # entered by mistake: whoever has them must see nothing of this record
    SAME_PERSON = "same_person"  # the person has new ones


class SayWhoseContacts(Refusal):
    """Accounts are tied to the record: staff must say whose the former contacts were. There is no default."""

    code = "say_whose_contacts"
    kind = Kind.CONFLICT
    field = "former_contacts"
    words = gettext_lazy(
        "Un compte voit déjà les documents de cette fiche. Dites à qui étaient les anciennes coordonnées : à "
        "quelqu’un d’autre (saisies par erreur), ou à la même personne, qui en a changé."
    )


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
    given_by: User | None = None,
) -> Patient:
    """A new record. Records are never merged or tied by guess, however alike. `given_by`: the booker who gave the
    contacts of somebody else. Raises ValidationError."""
    patient = Patient(id=pk or uuid.uuid4(), practice=practice, language=language)
    _fill(patient, first_name=first_name, last_name=last_name, birth_date=birth_date, email=email, mobile=mobile)
    there = [name for name in CONTACTS if getattr(patient, name)]
    if given_by is None:
        own_from_now_on(patient, *there)
    else:
        given_from_now_on(patient, *there, giver=given_by)
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
    former_contacts: FormerContacts | None = None,
    **changes: Unpack[PatientChanges],
) -> Patient:
    """Staff change a record. Contacts that staff enter are the patient's own from then on.

    Other contacts end what stood on the former ones: the invitation, links without account, messages that wait. Where
    accounts are tied to the record, `former_contacts` says whose the former ones were, which decides about the ties.
    A corrected birth date suspends the ties that proved the former one, and what stood on minority is judged anew.
    Whoever has the contacts is invited to prove them if anybody had been, unless the caller tells them itself
    (`tells`). `within`: the appointment from whose page it was done. Raises ValidationError, SayWhoseContacts.
    """
    patient = Patient.objects.select_for_update().select_related("practice").get(pk=patient.pk)
    was, before = copy(patient), {name: getattr(patient, name) for name in changes}
    _fill(patient, **changes)
    changed = sorted(name for name, value in before.items() if getattr(patient, name) != value)
    former = {name: before[name] for name in changed if name in CONTACTS}
    ties = list(patient.ties.live().select_for_update(of=("self",)).select_related("user"))
    if former and ties and former_contacts is None:
        raise SayWhoseContacts
    if former:  # another name or birth date says nothing about whose the contacts are
        own_from_now_on(patient, *former)
    if "birth_date" in changed and not is_in_doubt(patient):
        patient.birth_date_attempts = 0  # they were judged by the date that was wrong; the fifth stays for staff
    patient.save()
    if former:
        record("contact.changed", by=by, on=patient, practice=patient.practice, within=within, detail=_fields(former))
        patient.contact_proposals.filter(contact__in=former, settled_at=None).update(settled_at=timezone.now())
        end_live_invitation(patient=patient, reason=InvitationEnd.CONTACTS_CHANGED)
    others = [name for name in changed if name not in CONTACTS]
    if others:
        record("patient.changed", by=by, on=patient, practice=patient.practice, detail=_fields(others))
    if former or "birth_date" in others:
        for tie in ties:
            tie.patient = patient
            if former and former_contacts is FormerContacts.SOMEONE_ELSE:
                end_tie(tie=tie, reason=TieEnd.SOMEONE_ELSE, by=by)
            else:
                follow_record(tie, by=by)
    if any(name in IDENTITY for name in others):
        signals.identity_corrected.send(sender=Patient, patient=patient, was=was, by=by)
    if former:
        signals.contacts_changed.send(sender=Patient, patient=patient, former=former, by=by)
    if "birth_date" in others:
        signals.birth_date_changed.send(sender=Patient, patient=patient, by=by)
    heard = ties or (former and patient.invitations.exists())  # something had been shared with whoever it was
    if (former or "birth_date" in others) and heard and not tells:
        _invite_to_prove(patient, by, within)
    return patient


def _invite_to_prove(patient: Patient, by: User, within: uuid.UUID | None) -> None:
    """What waits for whoever has the contacts is not lost: unless an account sees it, an invitation is under way (a
    message of a document carries one), or none would open."""
    if patient.ties.proved_now().exists() or patient.invitations.live().exists() or patient.missing_contacts:
        return
    if not is_in_doubt(patient) and not waits_since_minority(patient):
        invite_again(patient=patient, by=by, within=within)


@transaction.atomic
def confirm_contacts(*, patient: Patient, by: User, within: uuid.UUID | None = None) -> Patient:
    """Staff made sure that the record's contacts are the patient's own. Confirming twice changes nothing.

    Raises practices.roles.NotAllowed.
    """
    check_may_edit(patient.practice, by)
    patient = Patient.objects.select_for_update().select_related("practice").get(pk=patient.pk)
    if waiting := unconfirmed(patient):
        patient.save(update_fields=own_from_now_on(patient, *waiting))
        record(
            "contact.confirmed", by=by, on=patient, practice=patient.practice, within=within, detail=_fields(waiting)
        )
    return patient


def check_may_edit(practice: Practice, by: User) -> None:
    """Raises NotAllowed."""
    refusal = _("Votre rôle permet de lire, pas de modifier une fiche. Un administrateur du cabinet peut le changer.")
    require_sharer(by, practice, refusal)


@transaction.atomic
def give_contacts(*, patient: Patient, email: str, mobile: str, by: User) -> Patient:
    """A booker gives the contacts of a record that has none. Nobody verified them: patients.ownership says for which
    appointments they count. Raises ValidationError."""
    patient = Patient.objects.select_for_update().select_related("practice").get(pk=patient.pk)
    if patient.email or patient.mobile:
        return patient
    _fill(patient, email=email, mobile=mobile)
    given_from_now_on(patient, *CONTACTS, giver=by)
    patient.save()
    detail = _fields(CONTACTS) | {"given_by_booker": True}
    record("contact.changed", by=by, on=patient, practice=patient.practice, detail=detail)
    return patient


def _fields(names: Iterable[str]) -> dict[str, DetailValue]:
    return {"fields": sorted(names)}


def _fill(patient: Patient, **changes: Unpack[PatientChanges]) -> None:
    errors: dict[str, list[str]] = {}
    for name, value in changes.items():
        try:
            if name == "email":
                value = clean_email(value)  # type: ignore[arg-type]
            elif name == "mobile":
                value = clean_mobile(value)  # type: ignore[arg-type]
            elif isinstance(value, str):
                value = kept(value)
        except ValidationError as error:
            errors[name] = error.messages
        setattr(patient, name, value)
    born: object = patient.birth_date
    if "birth_date" in changes and isinstance(born, date):
        try:
            check_birth_date(born, today=timezone.localdate(timezone=patient.practice.zone))
        except ImpossibleBirthDate as error:
            errors["birth_date"] = error.messages
    try:
        patient.full_clean(exclude=[*errors, "practice"])
    except ValidationError as error:
        errors |= error.message_dict
    if errors:
        raise ValidationError(errors)
