"""Finds the record of an account holder, or of somebody the holder books for, at a practice.

By rule, never by guess: similar names, mailboxes or mobiles do not identify a person. If no rule decides, it creates
a record, and staff see similar ones (patients/duplicates.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit.trail import record
from patients.birth_dates import ImpossibleBirthDate, check_birth_date
from patients.contacts import clean_email, clean_mobile
from patients.givers import note_giver
from patients.models import Patient, RecordTie, Relationship, Relative, RelativeRecord, TieEnd
from patients.models.patient import MAJORITY, age_on
from patients.names import kept, same_names
from patients.ownership import CONTACTS, equals_one_of, own_from_now_on, recorded_in_minority
from patients.records import create_patient, give_contacts
from patients.ties import end_tie
from practices.models import Practice
from refusals import Kind, Refusal


class IdentityIncomplete(Refusal):
    """The account lacks its own names or birth date, or a proved email or mobile."""

    code = "identity_incomplete"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Complétez d’abord votre compte : prénom, nom, date de naissance, e-mail et mobile vérifiés."
    )


@dataclass(frozen=True)
class Person:
    """A relative as the holder describes them. `email` and `mobile`: their own; both or neither."""

    first_name: str
    last_name: str
    birth_date: date
    email: str | None = None
    mobile: str | None = None


@transaction.atomic
def remember_relative(*, holder: User, person: Person, today: date) -> Relative:
    """The holder's relative with these names and birth date, created if there is none. Raises ValidationError.

    `today`: at the practice being booked. If one of the contacts is the holder's own, or an alias of it, both count
    as not given.
    """
    person = _cleaned(person, holder, today)
    User.objects.select_for_update().get(pk=holder.pk)  # two concurrent bookings create one relative
    # Another spelling is the same person: otherwise it would restore an access that staff ended.
    names = (person.first_name, person.last_name)
    born = Relative.objects.filter(holder=holder, birth_date=person.birth_date).order_by("created_at", "id")
    known = next((one for one in born if same_names((one.first_name, one.last_name), names)), None)
    relative = known or Relative(
        holder=holder, first_name=person.first_name, last_name=person.last_name, birth_date=person.birth_date
    )
    relative.removed_at = None
    if person.email:
        relative.email, relative.mobile = person.email, person.mobile
    relative.full_clean(exclude=["holder"])
    relative.save()
    return relative


@transaction.atomic
def forget_relative(*, relative: Relative) -> None:
    """Stop offering the relative; appointments, records and documents stay."""
    Relative.objects.filter(pk=relative.pk, removed_at=None).update(removed_at=timezone.now())


@transaction.atomic
def record_of_relative(*, relative: Relative, practice: Practice, by: User) -> Patient:
    """The relative's record at this practice: that of earlier bookings by the same holder, or a new one.

    Contacts given later complete a record without contacts that began with the holder's bookings; contacts in a
    record are never replaced by a booker's.
    """
    records = RelativeRecord.objects.live().select_related("patient")
    known = records.filter(relative=relative, practice=practice).first()
    minor = relative.is_minor_on(timezone.localdate(timezone=practice.zone))
    email, mobile = (None, None) if minor else (relative.email, relative.mobile)
    if known is None:
        patient = create_patient(
            practice=practice,
            first_name=relative.first_name,
            last_name=relative.last_name,
            birth_date=relative.birth_date,
            email=email,
            mobile=mobile,
            language=relative.holder.language,
            by=by,
            given_by=by,
        )
        RelativeRecord.objects.create(
            relative=relative, practice=practice, patient=patient, made_by_booking=True, has_booked=True
        )
        return patient
    if not known.has_booked and known.made_by_booking:
        note_giver(known)
    elif not known.has_booked:
        known.has_booked = True
        known.save(update_fields=["has_booked"])
    if known.made_by_booking and email and mobile:
        return give_contacts(patient=known.patient, email=email, mobile=mobile, by=by)
    return known.patient


@transaction.atomic
def record_of_holder(*, holder: User, practice: Practice) -> Patient:
    """The holder's own record at this practice.

    The one their account is tied to; else the only one with the same names, birth date, and the email and mobile that
    the account has proved; else a new one. It ties the account to either: all proofs are there. Raises
    IdentityIncomplete.
    """
    tie = (
        RecordTie.objects.live()
        .filter(user=holder, patient__practice=practice, relationship=Relationship.SELF)
        .order_by("-tied_at")
        .first()
    )
    if tie:
        return tie.patient
    email = _proved_email(holder)
    if not (holder.first_name and holder.last_name and holder.birth_date and holder.mobile_verified_at and email):
        raise IdentityIncomplete
    User.objects.select_for_update().get(pk=holder.pk)
    alike = _own_records(holder, practice, email)
    patient = (
        alike[0]
        if len(alike) == 1 and not recorded_in_minority(alike[0])
        else create_patient(
            practice=practice,
            first_name=holder.first_name,
            last_name=holder.last_name,
            birth_date=holder.birth_date,
            email=email,
            mobile=holder.mobile,
            language=holder.language,
            by=holder,
        )
    )
    relationship = Relationship.GUARDIAN if patient.is_minor_now() else Relationship.SELF
    patient.save(update_fields=own_from_now_on(patient, *CONTACTS))  # proved, whoever gave them
    for child in patient.ties.live().filter(user=holder):  # proved by the minor's own account
        end_tie(tie=child, reason=TieEnd.REPLACED, by=holder)
    RecordTie.objects.create(
        user=holder,
        patient=patient,
        relationship=relationship,
        proved_email=email,
        proved_mobile=holder.mobile or "",
        proved_birth_date=patient.birth_date,
    )
    record("record.tied", by=holder, on=patient, practice=practice, detail={"relationship": relationship})
    return patient


def has_record(*, holder: User, practice: Practice) -> bool:
    """Whether the account is tied to a record of this practice, or `record_of_holder` would tie it to one."""
    if RecordTie.objects.live().filter(user=holder, patient__practice=practice).exists():
        return True
    email = _proved_email(holder)
    if not (holder.first_name and holder.last_name and holder.birth_date and holder.mobile_verified_at and email):
        return False
    alike = _own_records(holder, practice, email, lock=False)
    return len(alike) == 1 and not recorded_in_minority(alike[0])


def _own_records(holder: User, practice: Practice, email: str, *, lock: bool = True) -> list[Patient]:
    """Records with the names, the birth date, and the email and mobile that the account has proved, which no other
    account owns. `lock`: until the transaction ends."""
    # A holder whose access staff ended must prove the record again, with an invitation to contacts that staff enter.
    taken_from = RecordTie.objects.filter(user=holder, end__in=[TieEnd.STAFF, TieEnd.SOMEONE_ELSE])
    records = (
        Patient.objects.filter(practice=practice, email__iexact=email, mobile=holder.mobile)
        .exclude(ties__ended_at=None, ties__relationship=Relationship.SELF)
        .exclude(as_relative__relative__holder=holder, as_relative__has_booked=True)
        .exclude(pk__in=taken_from.values("patient"))
    )
    if holder.birth_date is None:
        return []
    return (records.select_for_update() if lock else records).same_person(
        first_name=holder.first_name, last_name=holder.last_name, birth_date=holder.birth_date
    )


def contact_to_add(*, email: str | None, mobile: str | None) -> dict[str, list[str]]:
    """For adults, both contacts or neither: the sentence for the missing one, by its name."""
    if email and not mobile:
        return {"mobile": [_("Donnez aussi son mobile, ou n’indiquez ni e-mail ni mobile.")]}
    if mobile and not email:
        return {"email": [_("Donnez aussi son adresse e-mail, ou n’indiquez ni e-mail ni mobile.")]}
    return {}


def _cleaned(person: Person, holder: User, today: date) -> Person:
    errors: dict[str, list[str]] = {}
    contacts: dict[str, str | None] = {"email": None, "mobile": None}
    for name, clean, typed in (("email", clean_email, person.email), ("mobile", clean_mobile, person.mobile)):
        try:
            contacts[name] = clean(typed)
        except ValidationError as error:
            errors[name] = error.messages
    if age_on(person.birth_date, today) < MAJORITY:
        contacts = {"email": None, "mobile": None}  # the holder receives a child's documents
    elif not errors:
        errors |= contact_to_add(**contacts)
    try:
        check_birth_date(person.birth_date, today=today)
    except ImpossibleBirthDate as error:
        errors["birth_date"] = error.messages
    if errors:
        raise ValidationError(errors)
    if any(value and equals_one_of(holder, name, value) for name, value in contacts.items()):
        contacts = {"email": None, "mobile": None}
    return Person(
        first_name=kept(person.first_name),
        last_name=kept(person.last_name),
        birth_date=person.birth_date,
        email=contacts["email"],
        mobile=contacts["mobile"],
    )


def _proved_email(holder: User) -> str | None:
    proved = EmailAddress.objects.filter(user=holder, email__iexact=holder.email, verified=True)
    return holder.email.lower() if proved.exists() else None
