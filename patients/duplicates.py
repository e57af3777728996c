"""Finds records that may be of one person, for staff to look at. Never merges or ties them, however similar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from enum import StrEnum
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from patients.contacts import clean_email, clean_mobile
from patients.distinct import ids_distinct_from
from patients.models import Patient
from patients.models.patient import CANDIDATES, LOOK_ALIKES, PatientQuerySet
from patients.names import joined
from schema.composed import composed_once

CLOSE = 0.8  # share of letters in common, in order: allows one typing error in five
SHORTEST_PART = 3  # shortest part of a name that counts: Marie in Marie-Claire, Durand in Durand-Petit


class Alike(StrEnum):
    SAME_PERSON = "same_person"  # names, in any order and spelling, and birth date
    SIMILAR_NAME = "similar_name"  # and born on the same day
    SAME_MOBILE = "same_mobile"
    SAME_EMAIL = "same_email"


WORDS: dict[Alike, Promise] = {
    Alike.SAME_PERSON: _("mêmes noms, même date de naissance"),
    Alike.SIMILAR_NAME: _("nom ressemblant, même date de naissance"),
    Alike.SAME_MOBILE: _("même mobile"),
    Alike.SAME_EMAIL: _("même adresse e-mail"),
}


@dataclass(frozen=True)
class Likeness:
    patient: Patient
    why: tuple[Alike, ...]

    @property
    def is_same_person(self) -> bool:
        """By names and birth date: equal contacts may be a family's."""
        return Alike.SAME_PERSON in self.why

    @property
    def words(self) -> str:
        return ", ".join(str(WORDS[one]) for one in self.why)


def likenesses(
    records: PatientQuerySet,
    *,
    first_name: str,
    last_name: str,
    birth_date: date,
    email: str | None = None,
    mobile: str | None = None,
) -> list[Likeness]:
    """The most similar of these records, best first, at most LOOK_ALIKES. Invalid contacts match nothing."""
    email, mobile = _clean(clean_email, email), _clean(clean_mobile, mobile)
    candidates = Candidates(list(_born(records, birth_date, CANDIDATES)), list(_reached(records, email, mobile)))
    return _likest(records, candidates, (first_name, last_name), birth_date, email, mobile)


@dataclass(frozen=True)
class Candidates:
    """Records born on the same day, at most CANDIDATES, and records with the same email or mobile."""

    born: list[Patient]
    reached: list[Patient]


def _likest(
    records: PatientQuerySet,
    candidates: Candidates,
    names: tuple[str, str],
    birth_date: date,
    email: str | None,
    mobile: str | None,
) -> list[Likeness]:
    born, reached = candidates.born, candidates.reached
    first_name, last_name = names
    same = (
        [one for one in born if sorted(map(joined, one.names)) == sorted(map(joined, names))][:LOOK_ALIKES]
        if len(born) < CANDIDATES  # nobody else is born that day
        else records.alike(first_name=first_name, last_name=last_name, birth_date=birth_date)
    )
    why: dict[Patient, list[Alike]] = {}
    for reason, alike in (
        (Alike.SAME_PERSON, same),
        (Alike.SIMILAR_NAME, [one for one in born if similar_names(names, one.names)]),
        (Alike.SAME_MOBILE, [one for one in reached if mobile and one.mobile == mobile]),
        (Alike.SAME_EMAIL, [one for one in reached if email and (one.email or "").upper() == email.upper()]),
    ):
        for one in alike:
            if reason is not Alike.SIMILAR_NAME or one not in why:
                why.setdefault(one, []).append(reason)
    ranks = list(Alike)
    likest = sorted(why.items(), key=lambda item: (ranks.index(item[1][0]), -len(item[1])))
    return [Likeness(one, tuple(reasons)) for one, reasons in likest[:LOOK_ALIKES]]


def likenesses_of(patient: Patient, *, distinct: set[UUID] | None = None) -> list[Likeness]:
    """Similar records of the same practice, without those that staff declared to be somebody else's: `distinct`, if
    the caller has read them."""
    distinct = ids_distinct_from(patient.pk) if distinct is None else distinct
    practice, known = patient.practice_id, (patient.pk, *distinct)
    email, mobile = _clean(clean_email, patient.email), _clean(clean_mobile, patient.mobile)
    candidates = Candidates(
        _others_born(practice, known, patient.birth_date, CANDIDATES),
        _others_reached(practice, known, email, mobile),
    )
    return _likest(_others(practice, known), candidates, patient.names, patient.birth_date, email, mobile)


def _others(practice: UUID, known: tuple[UUID, ...]) -> PatientQuerySet:
    return Patient.objects.filter(practice=practice).exclude(pk__in=known)


@composed_once
def _others_born(practice: UUID, known: tuple[UUID, ...], birth_date: date, most: int) -> QuerySet[Patient]:
    return _born(_others(practice, known), birth_date, most)


@composed_once
def _others_reached(
    practice: UUID, known: tuple[UUID, ...], email: str | None, mobile: str | None
) -> QuerySet[Patient]:
    return _reached(_others(practice, known), email, mobile)


def similar_names(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether names are similar, in any spelling and order: both close, or the same first name, as after a
    marriage."""
    first, last = map(joined, one)
    for other_first, other_last in (tuple(map(joined, other)), tuple(map(joined, reversed(other)))):
        if _close(first, other_first) and _close(last, other_last):
            return True
    return first != "" and first == joined(other[0])


def _close(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= SHORTEST_PART and (longer.startswith(shorter) or longer.endswith(shorter)):
        return True
    match = SequenceMatcher(None, one, other, autojunk=False)
    # The quick ratios are upper bounds: they spare most pairs the dear one.
    return match.real_quick_ratio() >= CLOSE and match.quick_ratio() >= CLOSE and match.ratio() >= CLOSE


def _born(records: PatientQuerySet, birth_date: date, most: int) -> QuerySet[Patient]:
    return records.filter(birth_date=birth_date).order_by("pk")[:most]


def _reached(records: PatientQuerySet, email: str | None, mobile: str | None) -> QuerySet[Patient]:
    """Those with one of these contacts. A union and no "or", for which SQLite without statistics uses no index."""
    parts = [*([records.with_email(email)] if email else []), *([records.filter(mobile=mobile)] if mobile else [])]
    if not parts:
        return records.none()
    first, *others = parts
    return first.union(*others).order_by("pk")[: 2 * LOOK_ALIKES]


def _clean(clean: Callable[[str | None], str | None], typed: str | None) -> str | None:
    """None if it is invalid."""
    try:
        return clean(typed)
    except ValidationError:
        return None
