"""Creates and changes records of patients."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
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
from audit.trail import DetailValue, append, line, record
from patients import signals
from patients.birth_dates import ImpossibleBirthDate, check_birth_date
from patients.contacts import clean_email, clean_mobile
from patients.invitations import end_live_invitation, invite_again
from patients.models import IdentityChange, InvitationEnd, Patient, TieEnd
from patients.names import kept
from patients.ownership import (
    CONTACTS,
    given_from_now_on,
    is_in_doubt,
    own_from_now_on,
    recorded_in_minority,
    unconfirmed,
)
from patients.ties import end_tie, follow_record
from practices.models import Practice
from practices.roles import require_sharer
from refusals import Kind, Refusal

IDENTITY = ("first_name", "last_name", "birth_date")
CLEANED: dict[str, Callable[[str], str | None]] = {"email": clean_email, "mobile": clean_mobile}


class FormerContacts(StrEnum):
    """Whose contacts staff replace."""

    SOMEONE_ELSE = "someone_else"  # entered by mistake: their owner must see nothing of this record
    SAME_PERSON = "same_person"  # the person has new ones


class FormerContactsUnclear(Refusal):
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
    """Create a record. Records are never merged or tied by guess, however similar. `given_by`: the booker who gave
    somebody else's contacts. Raises ValidationError."""
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
def create_patients(
    *, practice: Practice, people: Iterable[PatientChanges], by: User | None
) -> list[Patient | ValidationError]:
    """As create_patient by staff, for many: each record, or why it was refused, in the same order. A fixed number of
    queries."""
    made: list[Patient | ValidationError] = []
    for person in people:
        patient = Patient(practice=practice, language=practice.language)
        try:
            # The database checks the constraints; asking it about each record would take most of the time.
            _fill(patient, asks_database=False, **person)
        except ValidationError as error:
            made.append(error)
            continue
        own_from_now_on(patient, *(name for name in CONTACTS if getattr(patient, name)))
        made.append(patient)
    records = [one for one in made if isinstance(one, Patient)]
    Patient.objects.bulk_create(records)
    append(line("patient.created", by=by, on=one, practice=practice) for one in records)
    return made


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
    """Change a record, by staff. Contacts that staff enter are the patient's own from then on.

    Other contacts end what depended on the former ones: the invitation, links without account, waiting messages. If
    accounts are tied to the record, `former_contacts` says whose the former ones were, which decides about the ties.
    A corrected birth date suspends the ties that proved the former one, and accesses by minority are judged again.
    The owner of the contacts is invited to prove them if anybody had been invited, unless the caller sends its own
    message (`tells`). `within`: the appointment from whose page it was done. Raises ValidationError,
    FormerContactsUnclear.
    """
    patient = Patient.objects.select_for_update().select_related("practice").get(pk=patient.pk)
    was, before = copy(patient), {name: getattr(patient, name) for name in changes}
    _fill(patient, **changes)
    changed = sorted(name for name, value in before.items() if getattr(patient, name) != value)
    former = {name: before[name] for name in changed if name in CONTACTS}
    ties = list(patient.ties.live().select_for_update(of=("self",)).select_related("user"))
    if former and ties and former_contacts is None:
        raise FormerContactsUnclear
    if former:  # another name or birth date does not change the owner of the contacts
        own_from_now_on(patient, *former)
    if "birth_date" in changed and not is_in_doubt(patient):
        patient.birth_date_attempts = 0  # compared with a wrong date; after five, staff decide
    patient.save()
    if former:
        record("contact.changed", by=by, on=patient, practice=patient.practice, within=within, detail=_fields(former))
        patient.contact_proposals.filter(contact__in=former, settled_at=None).update(settled_at=timezone.now())
        end_live_invitation(patient=patient, reason=InvitationEnd.CONTACTS_CHANGED)
    others = [name for name in changed if name not in CONTACTS]
    if others:
        record("patient.changed", by=by, on=patient, practice=patient.practice, detail=_fields(others))
        note_identity(patient=patient, was=was, by=by)
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
    heard = ties or (former and patient.invitations.exists())  # somebody had access or an invitation
    if (former or "birth_date" in others) and heard and not tells:
        invite_to_prove(patient=patient, by=by, within=within)
    return patient


def note_identity(*, patient: Patient, was: Patient, by: User) -> None:
    """Write down each corrected name and birth date, from what to what: the trail must contain no names."""
    for name in IDENTITY:
        before, after = getattr(was, name), getattr(patient, name)
        if before != after:
            IdentityChange.objects.create(
                patient=patient, field=name, before=str(before), after=str(after), changed_by=by
            )


def invite_to_prove(*, patient: Patient, by: User, within: uuid.UUID | None = None) -> None:
    """Invite the owner of the contacts, so that waiting documents are not lost; unless an account sees them, an
    invitation is under way (messages about documents contain one), or none would open."""
    if patient.ties.proved_now().exists() or patient.invitations.live().exists() or patient.missing_contacts:
        return
    if not is_in_doubt(patient) and not recorded_in_minority(patient):
        invite_again(patient=patient, by=by, within=within)


@transaction.atomic
def confirm_contacts(*, patient: Patient, by: User, within: uuid.UUID | None = None) -> Patient:
    """Staff confirm that the record's contacts are the patient's own. Confirming twice changes nothing.

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
    """Store contacts given by a booker in a record that has none. They are unverified: patients.ownership says for
    which appointments they count. Raises ValidationError."""
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


def _fill(patient: Patient, *, asks_database: bool = True, **changes: Unpack[PatientChanges]) -> None:
    errors: dict[str, list[str]] = {}
    for name, value in changes.items():
        try:
            if isinstance(value, str):
                value = CLEANED.get(name, kept)(value)
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
        patient.full_clean(
            exclude=[*errors, "practice"], validate_unique=asks_database, validate_constraints=asks_database
        )
    except ValidationError as error:
        errors |= error.message_dict
    if errors:
        raise ValidationError(errors)
