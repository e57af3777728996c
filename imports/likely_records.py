"""Records that lines of a file may describe, read for many lines at once: by birth date.

An import reads them with a fixed number of statements for each part, whatever the practice has. Staff who look at one
record use patients.duplicates.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Count, Q

from imports.models import Import, ImportLine
from imports.people import Identity, Person
from patients.duplicates import similar_names
from patients.models import Patient
from patients.models.patient import PatientQuerySet

IDENTITY = ("id", "practice_id", "first_name", "last_name", "birth_date", "email", "mobile")
CROWDED = 100  # records of one birth date: it stands for a missing one, and only equal names say something
AT_ONCE = 5000  # ids in one statement


@dataclass
class LikelyRecords:
    by_identity: dict[Identity, list[Patient]] = field(default_factory=lambda: defaultdict(list))
    by_day: dict[date, list[Patient]] = field(default_factory=lambda: defaultdict(list))

    def of_same_person(self, person: Person) -> list[Patient]:
        """Those with these names, in any spelling and order, and this birth date."""
        return self.by_identity.get(person.identity, [])

    def similar(self, person: Person) -> Patient | None:
        """The first one with a similar name and this birth date."""
        if person.birth_date is None:
            return None
        names = (person.first_name, person.last_name)
        born = self.by_day.get(person.birth_date, [])
        return next((one for one in born if similar_names(names, one.names)), None)


def likely_records(job: Import, people: Collection[Person]) -> LikelyRecords:
    """Of the practice, without those that this import made: its own lines are told apart by the file."""
    days = {person.birth_date for person in people if person.birth_date}
    of_practice = Patient.objects.filter(practice=job.practice_id, birth_date__in=days)
    born = Counter(dict(of_practice.values_list("birth_date").annotate(Count("pk"))))
    crowded = {day for day, count in born.items() if count > CROWDED}
    likely = list(_read(of_practice.filter(birth_date__in=days - crowded)))
    if crowded:
        same = [one for one in people if one.birth_date in crowded]
        likely += _read(of_practice.filter(_with_names_of(same), birth_date__in=crowded))
    ours = _made_by(job, [one.pk for one in likely])
    records = LikelyRecords()
    for patient in likely:
        if patient.pk in ours:
            continue
        records.by_identity[Person(*patient.names, patient.birth_date).identity].append(patient)
        if patient.birth_date not in crowded:
            records.by_day[patient.birth_date].append(patient)
    return records


def _read(records: PatientQuerySet) -> Iterable[Patient]:
    return records.only(*IDENTITY).order_by("pk")


def _with_names_of(people: Iterable[Person]) -> Q:
    """At least the records with the names of one of these people."""
    wanted = Q(search_text=None)
    for names in {one.identity[0] for one in people}:
        wanted |= Q(*(Q(search_text__contains=name) for name in names))
    return wanted


def _made_by(job: Import, patients: list[uuid.UUID]) -> set[uuid.UUID]:
    made = set[uuid.UUID]()
    for start in range(0, len(patients), AT_ONCE):
        # The job is compared here: the database would look through all of its lines.
        lines = ImportLine.objects.filter(patient__in=patients[start : start + AT_ONCE])
        made |= {
            line.patient_id for line in lines.only("patient", "job") if line.job_id == job.pk and line.patient_id
        }
    return made
