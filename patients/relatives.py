"""Which record of a practice an account holder, or somebody the holder books for, is.

By rule, never by guess: alike names, mailboxes or mobiles make nobody the same person. Where no rule decides, a new
record is made, and staff see those that look alike (patients/duplicates.py).
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
from patients.ownership import CONTACTS, equals_one_of, own_from_now_on, waits_since_minority
from patients.records import create_patient, give_contacts
from patients.ties import end_tie
from practices.models import Practice
from refusals import Kind, Refusal


class IdentityIncomplete(Refusal):
    """The account's own names, birth date, email or mobile are not known or not proved yet."""

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
    """The holder's relative with these names and birth date, made where there is none. Raises ValidationError.

    `today`: at the practice that they are described to. Where one of the contacts is the holder's own, or an alias of
    it, both count as not given.
    """
    person = _cleaned(person, holder, today)
    User.objects.select_for_update().get(pk=holder.pk)  # two bookings at once make one relative
    # Another way to write the name makes nobody another person: an access that staff ended would come back by it.
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
    """No longer offered; appointments, records and documents stay as they are."""
    Relative.objects.filter(pk=relative.pk, removed_at=None).update(removed_at=timezone.now())


@transaction.atomic
def record_of_relative(*, relative: Relative, practice: Practice, by: User) -> Patient:
    """The relative's record at this practice: the one of earlier bookings by the same holder, or a new one.

    Contacts given later fill in a record that began with the holder's bookings and has none; contacts that a record
    has are never replaced by what a booker gives.
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

    The one their account is tied to; else the only one with the same names, birth date, and the same email and
    mobile as the account has proved; else a new one. Either is tied: everything a tie asks for is proved.
    Raises IdentityIncomplete.
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
    # Whom staff took a record from proves it anew by an invitation, which staff's own entry of the contacts makes.
    taken_from = RecordTie.objects.filter(user=holder, end__in=[TieEnd.STAFF, TieEnd.SOMEONE_ELSE])
    alike = (
        Patient.objects.filter(practice=practice, email__iexact=email, mobile=holder.mobile)
        .exclude(ties__ended_at=None, ties__relationship=Relationship.SELF)
        .exclude(as_relative__relative__holder=holder, as_relative__has_booked=True)
        .exclude(pk__in=taken_from.values("patient"))
        .select_for_update()
        .same_person(first_name=holder.first_name, last_name=holder.last_name, birth_date=holder.birth_date)
    )
    patient = (
        alike[0]
        if len(alike) == 1 and not waits_since_minority(alike[0])
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
    patient.save(update_fields=own_from_now_on(patient, *CONTACTS))  # proved, whoever had given them
    for child in patient.ties.live().filter(user=holder):  # proved as a minor's, by the minor's own account
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


def _cleaned(person: Person, holder: User, today: date) -> Person:
    errors: dict[str, list[str]] = {}
    contacts: dict[str, str | None] = {"email": None, "mobile": None}
    for name, clean, typed in (("email", clean_email, person.email), ("mobile", clean_mobile, person.mobile)):
        try:
            contacts[name] = clean(typed)
        except ValidationError as error:
            errors[name] = error.messages
    if age_on(person.birth_date, today) < MAJORITY:
        contacts = {"email": None, "mobile": None}  # a child's documents are the holder's to receive
    elif not errors and contacts["email"] and not contacts["mobile"]:
        errors["mobile"] = [_("Donnez aussi son mobile, ou n’indiquez ni e-mail ni mobile.")]
    elif not errors and contacts["mobile"] and not contacts["email"]:
        errors["email"] = [_("Donnez aussi son adresse e-mail, ou n’indiquez ni e-mail ni mobile.")]
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
