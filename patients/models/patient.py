"""A practice's record of a person (FHIR Patient). Not a login: an account is tied to it only by proof."""

from __future__ import annotations

import uuid
from datetime import date
from functools import reduce
from operator import or_

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import OfPracticeQuerySet, Practice, User
from patients.names import plain

SEARCHED = ("first_name", "last_name", "email", "mobile")
MAJORITY = 18  # years, in French law (Code civil, art. 414)


def age_on(birth_date: date, day: date) -> int:
    """Whole years. Someone born on 29 February turns a year older on 1 March of common years."""
    before_birthday = (day.month, day.day) < (birth_date.month, birth_date.day)
    return day.year - birth_date.year - before_birthday


def latest_adult_birth_date(day: date) -> date:
    """Born on this date or before, one is of age on `day` (as age_on counts)."""
    try:
        return day.replace(year=day.year - MAJORITY)
    except ValueError:  # 29 February
        return day.replace(year=day.year - MAJORITY, day=28)


class PatientQuerySet(OfPracticeQuerySet["Patient"]):
    def tied_to(self, user: User) -> PatientQuerySet:
        """Records that this account has proved to be its own, or its ward's."""
        return self.filter(ties__user=user, ties__ended_at=None)

    def same_person(self, *, first_name: str, last_name: str, birth_date: date) -> PatientQuerySet:
        """Records with these very names and this birth date: perhaps the same person, never merged by guess."""
        return self.filter(
            first_name__iexact=first_name.strip(), last_name__iexact=last_name.strip(), birth_date=birth_date
        )

    def alike(self, *, first_name: str, last_name: str, birth_date: date) -> list[Patient]:
        """Born the same day, with these names without regard to accents, hyphens and which is first: to look at."""
        names = sorted((plain(first_name), plain(last_name)))
        born = self.filter(birth_date=birth_date)
        return [one for one in born if sorted((plain(one.first_name), plain(one.last_name))) == names]

    def search(self, words: str) -> PatientQuerySet:
        """Every word is found in the name, the email or the mobile, which may be typed as 06 12 34 56 78.

        Without regard to accents and case; nothing typed finds everybody.
        """
        typed = "".join(words.split())
        is_mobile = typed.isdigit() and typed.startswith("0")
        asked = [typed[1:]] if is_mobile else plain(words).split()
        found = self if asked or not typed else self.none()
        for word in asked:
            by_hand = reduce(or_, (Q((f"{name}__icontains", word)) for name in SEARCHED))
            # Of a version that wrote no search text; patients.tasks.fill_search_texts leaves none.
            found = found.filter(Q(search_text__contains=word) | Q(search_text=None) & by_hand)
        return found


class SearchText(models.TextField[str | None, str | None]):
    """What `PatientQuerySet.search` looks in, written anew whenever the record is saved."""

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        known = (getattr(model_instance, name) for name in SEARCHED)
        text = plain(" ".join(filter(None, known)))
        setattr(model_instance, self.attname, text)
        return text


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
    language = models.CharField(_("langue"), max_length=10, default="fr")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    search_text = SearchText(null=True, editable=False)

    objects = PatientQuerySet.as_manager()

    class Meta:
        verbose_name = _("fiche patient")
        verbose_name_plural = _("fiches patient")
        indexes = [
            models.Index(fields=["practice", "last_name", "first_name"]),
            models.Index(fields=["practice", "-created_at", "-id"]),
            models.Index(fields=["practice", "birth_date"], name="patient_born"),
            models.Index(fields=["practice"], condition=Q(search_text=None), name="patient_without_search_text"),
            GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="patient_search_text"),
        ]
        constraints = [
            # Missing is null, never an empty text that would pass for a contact.
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
    def missing_contacts(self) -> list[str]:
        """Which of "email" and "mobile" the record itself lacks."""
        return [name for name in ("email", "mobile") if not getattr(self, name)]

    def is_minor_on(self, day: date) -> bool:
        return age_on(self.birth_date, day) < MAJORITY

    def is_minor_now(self) -> bool:
        """Today, where the practice is."""
        return self.is_minor_on(timezone.localdate(timezone=self.practice.zone))
