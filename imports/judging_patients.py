"""Judges lines that describe patients: new, already there, like an existing record, or refused.

A line is the *same* as a record with the same names and birth date whose contacts do not contradict it, and as a line
of an earlier import whose record still exists, whatever changed in the record since. It is *alike* if it has the same
names and birth date and other contacts, or a similar name and the same birth date. Records with an equal mobile or
address alone are not alike: families share them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from imports.likely_records import LikelyRecords, likely_records
from imports.models import Import, ImportLine, Likeness, Verdict
from imports.people import Person, person_of
from imports.reading.headings import Field
from imports.reading.tables import Row
from imports.reasons import reason, reason_of
from patients.models import Patient


@dataclass
class Judged:
    """`detail`: a reason (imports/reasons.py) why it is alike or refused. `likeness`: only if alike. `person`: unless
    refused."""

    line: int
    verdict: Verdict
    key: str = ""
    content: str = ""
    detail: str = ""
    twin: Patient | None = None
    likeness: Likeness | None = None
    person: Person | None = None
    values: dict[Field, str] = field(default_factory=dict)


def values_of(job: Import, row: Row) -> dict[Field, str]:
    """The cells of the columns that the import uses."""
    by_field = {}
    for number, name in job.columns.items():
        position = int(number)
        by_field[Field(name)] = row.cells[position] if position < len(row.cells) else ""
    return by_field


def judge_patients(job: Import, rows: Collection[Row], *, within_file: bool) -> list[Judged]:
    """`within_file`: compare with earlier lines of the file, too; not while importing, when they are records."""
    today = timezone.localdate(timezone=job.practice.zone)
    judged, people = list[Judged](), list[tuple[Judged, Person]]()
    for row in rows:
        one = Judged(row.line, Verdict.NEW)
        judged.append(one)
        try:
            person = person_of(values_of(job, row), today=today)
        except ValidationError as error:
            one.verdict, one.detail = Verdict.REFUSED, reason_of(error)
            continue
        one.key, one.content, one.person = person.key, person.content, person
        people.append((one, person))
    _compare(job, people, within_file=within_file)
    return judged


def _compare(job: Import, people: list[tuple[Judged, Person]], *, within_file: bool) -> None:
    known = imported_before(job, {one.key for one, _person in people})
    records = likely_records(job, [person for _one, person in people])
    earlier = _earlier_lines(job, {one.key for one, _person in people}) if within_file else {}
    for one, person in people:
        patient = known.get((one.key, one.content))
        if patient is not None:
            one.verdict, one.twin = Verdict.SAME, patient
            continue
        _compare_with_records(one, person, records)
        if one.verdict is not Verdict.NEW or not within_file:
            continue
        if one.key not in earlier:
            earlier[one.key] = (one.line, one.content)
            continue
        line, content = earlier[one.key]
        one.verdict = Verdict.SAME if content == one.content else Verdict.ALIKE
        if one.verdict is Verdict.ALIKE:
            one.likeness = Likeness.TWICE_IN_FILE
            one.detail = reason(_("Même personne qu’à la ligne %(line)d, avec d’autres coordonnées."), line=line)


def _compare_with_records(one: Judged, person: Person, records: LikelyRecords) -> None:
    same = records.of_same_person(person)
    for patient in same:
        if not person.contradicts(patient):
            one.verdict, one.twin = Verdict.SAME, patient
            return
    if same:
        one.verdict, one.twin = Verdict.ALIKE, same[-1]
        one.likeness = Likeness.OTHER_CONTACTS
        one.detail = reason(_("Une fiche a ce nom et cette date de naissance, avec d’autres coordonnées."))
    elif similar := records.similar(person):
        one.verdict, one.twin = Verdict.ALIKE, similar
        one.likeness = Likeness.SIMILAR_NAME
        one.detail = reason(_("Une fiche a un nom ressemblant et la même date de naissance."))


def imported_before(job: Import, keys: Collection[str]) -> dict[tuple[str, str], Patient]:
    """Records that imports of this practice made from equal lines."""
    lines = ImportLine.objects.filter(key__in=keys, job__practice=job.practice_id, patient__isnull=False)
    return {(one.key, one.content): one.patient for one in lines.select_related("patient") if one.patient}


def _earlier_lines(job: Import, keys: Collection[str]) -> dict[str, tuple[int, str]]:
    lines = ImportLine.objects.filter(job=job, key__in=keys, verdict=Verdict.NEW)
    return {one.key: (one.line, one.content) for one in lines}
