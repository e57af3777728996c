"""The likely duplicates of a practice, page by page: pairs that staff have not declared to be of two people.

Each page reads a bounded number of records: those born on one day are compared with each other, in the order of birth
dates, so that a page costs the same in a practice of 100,000 records.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations, groupby

from django.db.models import Count, Q

from patients.duplicates import Alike, Likeness, similar_names
from patients.models import DistinctRecords, Patient, RecordTie
from patients.names import joined
from practices.models import Practice

READ = 1_000  # records a page
COMPARED = 60  # records born on the same day: an import may give thousands one date
SHOWN = 50  # pairs with the same proved contacts
Position = tuple[date, uuid.UUID]


@dataclass(frozen=True)
class Pair:
    one: Patient
    likeness: Likeness  # of the other record


@dataclass(frozen=True)
class Page:
    """`after`: where the next page begins; None after the last."""

    pairs: list[Pair]
    after: Position | None


def likely_pairs(practice: Practice, *, after: Position | None = None) -> Page:
    """Pairs with the same or similar names and the same birth date."""
    records = Patient.objects.filter(practice=practice).order_by("birth_date", "pk")
    if after is not None:
        born, pk = after
        records = records.filter(Q(birth_date__gt=born) | Q(birth_date=born, pk__gt=pk))
    read = list(records[: READ + 1])
    more = len(read) > READ
    read = read[:READ]
    last = read[-1] if more else None
    if last is not None and read[0].birth_date != last.birth_date:  # its day begins the next page
        read = [one for one in read if one.birth_date != last.birth_date]
    pairs = [pair for _born, day in groupby(read, key=lambda one: one.birth_date) for pair in _pairs(list(day))]
    end = read[-1] if more and read else None
    return Page(_without_distinct(pairs), (end.birth_date, end.pk) if end else None)


def pairs_by_contacts(practice: Practice) -> list[Pair]:
    """Pairs with the same email and mobile, both proved by an account, and similar names: the birth date of one may
    be wrong. At most SHOWN."""
    proved = RecordTie.objects.proved_now().filter(patient__practice=practice, patient__merged_into=None)
    twice = proved.values("proved_email", "proved_mobile").annotate(count=Count("patient", distinct=True))
    pairs = []
    for row in twice.filter(count__gt=1).order_by("proved_email", "proved_mobile")[:SHOWN]:
        records = Patient.objects.filter(
            practice=practice, email__iexact=row["proved_email"], mobile=row["proved_mobile"]
        )
        why = (Alike.SAME_MOBILE, Alike.SAME_EMAIL)
        pairs += [
            Pair(one, Likeness(other, why))
            for one, other in combinations(records.order_by("pk")[:COMPARED], 2)
            if one.birth_date != other.birth_date and similar_names(one.names, other.names)
        ]
    return _without_distinct(pairs)[:SHOWN]


def _pairs(born_together: list[Patient]) -> Iterator[Pair]:
    """In a long day, each record is compared with those whose sorted names are nearest."""
    by_name = sorted(born_together, key=lambda one: (sorted(map(joined, one.names)), one.pk))
    for place, one in enumerate(by_name):
        for other in by_name[place + 1 : place + COMPARED]:
            if sorted(map(joined, one.names)) == sorted(map(joined, other.names)):
                yield Pair(one, Likeness(other, (Alike.SAME_PERSON,)))
            elif similar_names(one.names, other.names):
                yield Pair(one, Likeness(other, (Alike.SIMILAR_NAME,)))


def _without_distinct(pairs: list[Pair]) -> list[Pair]:
    ids = {patient.pk for pair in pairs for patient in (pair.one, pair.likeness.patient)}
    declared = DistinctRecords.objects.filter(first__in=ids, second__in=ids).values_list("first", "second")
    known = {frozenset(pair) for pair in declared}
    return [pair for pair in pairs if frozenset((pair.one.pk, pair.likeness.patient.pk)) not in known]
