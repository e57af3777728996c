"""A practice's record of a person (FHIR Patient). Not a login: an account is tied to it only by proof."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from datetime import date
from functools import reduce
from operator import or_
from typing import Self

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from patients.birth_dates import born_in, without_born_on
from patients.names import check_search, joined, plain, same_names, search_words, typed_number
from practices.models import OfPracticeQuerySet, Practice

NAMES = ("first_name", "last_name")
SEARCHED = (*NAMES, "email", "mobile")
YEAR = re.compile("(?:19|20)[0-9]{2}")
LOOK_ALIKES = 20  # shown
CANDIDATES = 200  # compared letter by letter, at most
MAJORITY = 18  # years, in French law (Code civil, art. 414)


def age_on(birth_date: date, day: date) -> int:
    """Whole years. Somebody born on 29 February turns a year older on 1 March in common years."""
    before_birthday = (day.month, day.day) < (birth_date.month, birth_date.day)
    return day.year - birth_date.year - before_birthday


def latest_adult_birth_date(day: date) -> date:
    """The latest birth date of people who are of age on `day` (as age_on counts)."""
    try:
        return day.replace(year=day.year - MAJORITY)
    except ValueError:  # 29 February
        return day.replace(year=day.year - MAJORITY, day=28)


class PatientQuerySet(OfPracticeQuerySet["Patient"]):
    def tied_to(self, user: User) -> PatientQuerySet:
        """Records that this account has proved to be its own, or its ward's."""
        return self.filter(ties__user=user, ties__ended_at=None)

    def same_person(self, *, first_name: str, last_name: str, birth_date: date) -> list[Patient]:
        """Records with these names, in any spelling, and this birth date. Only for querysets narrowed by proved
        contacts: names alone must not identify anybody."""
        names = first_name, last_name
        return [one for one in self.filter(birth_date=birth_date) if same_names(one.names, names)]

    def with_email(self, email: str) -> Self:
        """In any case of letters, by the index: on SQLite `iexact` reads every row."""
        return self.alias(upper_email=Upper("email")).filter(upper_email=Upper(Value(email)))

    def alike(self, *, first_name: str, last_name: str, birth_date: date) -> list[Patient]:
        """As all_alike, at most LOOK_ALIKES of CANDIDATES: for display."""
        return self.all_alike(first_name=first_name, last_name=last_name, birth_date=birth_date, among=CANDIDATES)[
            :LOOK_ALIKES
        ]

    def all_alike(
        self, *, first_name: str, last_name: str, birth_date: date, among: int | None = None
    ) -> list[Patient]:
        """Records with this birth date and these names, ignoring accents, hyphens and the order of names.

        The database filters first: an import may give thousands of records the same birth date.
        """
        names = sorted((joined(first_name), joined(last_name)))
        born = self.filter(birth_date=birth_date)
        for name in names:
            born = born.filter(Q(search_text__contains=name) | Q(search_text=None))
        return [one for one in born.order_by("pk")[:among] if sorted(map(joined, one.names)) == names]

    def search(self, words: str) -> PatientQuerySet:
        """Records that have every word in name, email or mobile. A date, a month with a year, or a year may also
        match the birth date.

        Ignores accents, case, apostrophes and hyphens; accepts mobiles and dates as people write them. An empty
        search matches everybody. Raises patients.names.SearchTooLong.
        """
        check_search(words)
        words = without_born_on(words)
        born = born_in(words)
        if born is None:
            return self.filter(_holds(words))
        dated = reduce(or_, (Q(birth_date__range=span) for span in born.spans)) & _holds(born.rest)
        return self.filter(dated | _holds(words) if born.may_be_else else dated)


def _holds(typed: str) -> Q:
    """Matches every word in name, email or mobile; a year also in the birth date."""
    number = typed_number(typed)
    asked = search_words(typed) if number is None else [number]
    if not asked and typed.strip():
        return Q(pk__in=[])
    conditions = Q()
    for word in asked:
        by_hand = reduce(or_, (Q((f"{name}__icontains", word)) for name in SEARCHED))
        # Rows of a version that wrote no search text; patients.tasks.fill_search_texts completes them.
        match = Q(search_text__contains=word) | Q(search_text=None) & by_hand
        conditions &= match | Q(birth_date__year=int(word)) if YEAR.fullmatch(word) else match
    return conditions


class SearchText(models.TextField[str | None, str | None]):
    """The text that `PatientQuerySet.search` searches, rewritten whenever the record is saved."""

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        words = plain(" ".join(filter(None, (getattr(model_instance, name) for name in SEARCHED)))).split()
        in_one = (joined(getattr(model_instance, name)) for name in NAMES)  # oreilly finds O'Reilly
        text = " ".join([*words, *(one for one in in_one if one not in words)])
        setattr(model_instance, self.attname, text)
        return text


_Patients = models.Manager.from_queryset(PatientQuerySet)


class UnmergedPatients(_Patients["Patient"]):
    """Leaves out records that became part of another: whatever is not about merging must not find them."""

    def get_queryset(self) -> PatientQuerySet:
        return PatientQuerySet(self.model, using=self._db).filter(merged_into=None)


class Patient(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(
        Practice, on_delete=models.PROTECT, related_name="patients", verbose_name=_("cabinet")
    )
    first_name = models.CharField(_("prénom"), max_length=100)
    last_name = models.CharField(_("nom"), max_length=100)
    birth_date = models.DateField(_("date de naissance"))
    email = models.EmailField(_("adresse e-mail"), null=True, blank=True)
    mobile = models.CharField(_("mobile"), max_length=16, null=True, blank=True, help_text=_("E.164"))
    # Who owns each contact (patients/ownership.py): the booker who gave it, when it was recorded, and whether the
    # patient was then a minor. Null and false: the practice's staff entered it, with the record.
    email_given_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    email_since = models.DateTimeField(null=True, blank=True)
    email_of_minor = models.BooleanField(default=False, db_default=False)
    mobile_given_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    mobile_since = models.DateTimeField(null=True, blank=True)
    mobile_of_minor = models.BooleanField(default=False, db_default=False)
    birth_date_attempts = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Wrong birth dates given by whoever has the contacts, since staff looked"
    )
    access_ended = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Staff ended an account's access: its contacts are in doubt",
    )
    language = models.CharField(_("langue"), max_length=10, default="fr")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    search_text = SearchText(null=True, editable=False)
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        db_index=False,
        editable=False,
        related_name="+",
        help_text="The record that this one became part of: only its own data is left here",
    )
    merged_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = UnmergedPatients()

    _shares_mobile: bool | None = None  # once note_shared_mobiles has asked
    every = PatientQuerySet.as_manager()  # merged ones, too

    class Meta:
        verbose_name = _("fiche patient")
        verbose_name_plural = _("fiches patient")
        indexes = [
            models.Index(fields=["practice", "last_name", "first_name"]),
            models.Index(fields=["practice", "-created_at", "-id"]),
            models.Index(fields=["practice", "birth_date"], name="patient_born"),
            models.Index(fields=["practice"], condition=Q(search_text=None), name="patient_without_search_text"),
            # Each panel and record looks for others with its contacts. Upper: as the lookup iexact compares.
            models.Index(fields=["practice", "mobile"], name="patient_mobile"),
            models.Index("practice", Upper("email"), name="patient_email"),
            # Partial: few contacts are a booker's.
            *(
                models.Index(
                    fields=[f"{name}_given_by"],
                    condition=Q((f"{name}_given_by__isnull", False)),
                    name=f"patient_{name}_given_by",
                )
                for name in ("email", "mobile")
            ),
            # Deleting a record asks for those that became part of it. Partial: few did.
            models.Index(fields=["merged_into"], condition=Q(merged_into__isnull=False), name="patient_merged_into"),
            GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="patient_search_text"),
        ]
        constraints = [
            # A missing contact is null, never an empty text, which could pass for a contact.
            models.CheckConstraint(condition=~Q(email=""), name="patient_email_null_or_given"),
            models.CheckConstraint(
                condition=Q(mobile__isnull=True) | Q(mobile__startswith="+"), name="patient_mobile_e164"
            ),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def names(self) -> tuple[str, str]:
        return self.first_name, self.last_name

    def looks_like(self, other: Patient) -> bool:
        """Born on the same day, with the same names in any spelling. Does not mean the same person."""
        return same_names(self.names, other.names) and self.birth_date == other.birth_date

    @property
    def missing_contacts(self) -> list[str]:
        """Which of "email" and "mobile" the record lacks."""
        return [name for name in ("email", "mobile") if not getattr(self, name)]

    def shares_mobile(self) -> bool:
        """Whether another record of the practice has the same mobile: of a couple, or of a parent."""
        if self.mobile is None:
            return False
        if self._shares_mobile is not None:
            return self._shares_mobile
        return Patient.objects.filter(practice=self.practice_id, mobile=self.mobile).exclude(pk=self.pk).exists()

    def is_minor_on(self, day: date) -> bool:
        return age_on(self.birth_date, day) < MAJORITY

    def is_minor_now(self) -> bool:
        """Judged today, at the practice."""
        return self.is_minor_on(timezone.localdate(timezone=self.practice.zone))


def note_shared_mobiles(patients: Iterable[Patient]) -> None:
    """Ask for all of these records at once what `shares_mobile` asks for each."""
    with_mobile = [one for one in patients if one.mobile is not None]
    owners: dict[tuple[uuid.UUID, str | None], set[uuid.UUID]] = {}
    same = Patient.objects.filter(
        practice__in={one.practice_id for one in with_mobile}, mobile__in={one.mobile for one in with_mobile}
    )
    for pk, practice, mobile in same.values_list("pk", "practice", "mobile"):
        owners.setdefault((practice, mobile), set()).add(pk)
    for one in with_mobile:
        one._shares_mobile = bool(owners.get((one.practice_id, one.mobile), set()) - {one.pk})
