"""The wrong-patient guard: detects an upload that names another patient of the practice and not the recipient.

Compares the text of the first pages with names and birth dates, ignoring accents, hyphens, capitals and the order of
names. A first name alone, or a family name alone, matches nobody. One of two family names is enough ("Durand" of
"Durand-Martin") for this patient; for another patient, only with that person's birth date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import product

from django.utils.translation import gettext_lazy

from patients.models import Patient
from patients.names import plain
from practices.models import Membership
from refusals import Kind, Refusal

MAX_FAMILY_NAMES = 1000  # found in one text; more means a word list, not a letter
MAX_NAMED = 3  # shown to staff; one is enough to ask
APART = 4  # most words from one name to the other: "DURAND épouse MARTIN, Marie"
DAY_FIRST = re.compile(r"\b(\d{1,2})(?:er)? (\d{1,2}|[a-z]+) (\d{4}|\d{2})\b")
MONTH_FIRST = re.compile(r"\b([a-z]+) (\d{1,2})(?:st|nd|rd|th)? (\d{4})\b")
YEAR_FIRST = re.compile(r"\b(\d{4}) (\d{1,2}) (\d{1,2})\b")
TOGETHER = re.compile(r"\b(\d{2})(\d{2})(\d{4})\b")
YEAR_FIRST_TOGETHER = re.compile(r"\b(\d{4})(\d{2})(\d{2})\b")
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            *("janvier january", "fevrier february", "mars march", "avril april", "mai may", "juin june"),
            *("juillet july", "aout august", "septembre september", "octobre october"),
            *("novembre november", "decembre december"),
        ),
        start=1,
    )
    for name in names.split()
}


class WrongPatientSuspected(Refusal):
    """The document names another patient, and not this one. Staff may confirm and share it."""

    code = "wrong_patient_suspected"
    kind = Kind.CONFLICT
    field = "file"
    question = gettext_lazy(
        "Ce document nomme %(named)s, et pas %(patient)s. Vérifiez que c’est le bon fichier avant de le partager."
    )

    def __init__(self, *, named: list[str], patient: Patient) -> None:
        super().__init__(str(self.question) % {"named": ", ".join(named), "patient": patient.full_name})


def names_only_another(text: str, *, patient: Patient) -> list[str]:
    """Full names of the practice's other patients that the text names; empty if it names this one."""
    words = plain(text)
    if not words or _names(words, patient.first_name, patient.last_name, patient.birth_date):
        return []
    staff = {
        (plain(first), plain(last))
        for first, last in Membership.objects.filter(practice=patient.practice_id).values_list(
            "user__first_name", "user__last_name"
        )
    }
    others: list[str] = []
    for first, last in _others_named(words, patient):
        name = f"{first} {last}"
        # Practitioners sign their own letters, and may be patients of their own practice.
        if (plain(first), plain(last)) not in staff and name not in others:
            others.append(name)
        if len(others) == MAX_NAMED:
            break
    return others


def _others_named(words: str, patient: Patient) -> Iterator[tuple[str, str]]:
    """Runs two queries, however many patients there are: the family names of the practice, from an index, and the
    records of those whose names share a word with the text."""
    known = set(words.split())
    padded = f" {words} "
    born = dates_in(words)
    others = Patient.objects.filter(practice=patient.practice_id).exclude(pk=patient.pk).order_by()
    family_names = others.values_list("last_name", flat=True).distinct().iterator(chunk_size=5000)
    met = [name for name in family_names if not known.isdisjoint(plain(name).split())]
    rows = others.filter(last_name__in=met[:MAX_FAMILY_NAMES]).values_list("first_name", "last_name", "birth_date")
    for first, last, birth_date in rows:
        plain_first, plain_last = plain(first), plain(last)
        if not plain_last or not plain_first:
            continue
        side_by_side = f" {plain_first} {plain_last} " in padded or f" {plain_last} {plain_first} " in padded
        if side_by_side or (birth_date in born and _goes_by(words, plain_first, plain_last)):
            yield first, last


def _names(words: str, first_name: str, last_name: str, birth_date: date) -> bool:
    """Lenient: a document that may well be this patient's raises no question."""
    first, last = plain(first_name), plain(last_name)
    if _goes_by(words, first, last):
        return True
    known = set(words.split())
    return birth_date in dates_in(words) and not known.isdisjoint((*_usual(first), *_usual(last)))


def _goes_by(words: str, first: str, last: str) -> bool:
    """Whether the text has the whole names, or one of several first names and one of several family names."""
    return _near(words, first, last) or any(
        _near(words, one, other) for one, other in product(_usual(first), _usual(last))
    )


def _usual(name: str) -> list[str]:
    """The parts of a name, without "de", "la" or "ben"."""
    parts = name.split()
    return [part for part in parts if len(part) > 3] or parts


def _near(words: str, first: str, last: str) -> bool:
    """Whether both names occur, in either order, with at most APART words between them."""
    between = rf"(?: \w+){{0,{APART}}} "
    one, other = re.escape(first), re.escape(last)
    return bool(re.search(rf"\b(?:{one}{between}{other}|{other}{between}{one})\b", words))


def dates_in(words: str) -> set[date]:
    """The dates in a plain text: 03/02/1941, 03.02.41, 3 février 1941, February 3rd, 1941, 1941-02-03, 03021941."""
    dates: set[date] = set()
    for day, month, year in (*DAY_FIRST.findall(words), *TOGETHER.findall(words)):
        for whole_year in (year,) if len(year) == 4 else (f"19{year}", f"20{year}"):
            _add_date(dates, whole_year, MONTHS.get(month, month), day)
    for month, day, year in MONTH_FIRST.findall(words):
        _add_date(dates, year, MONTHS.get(month, month), day)
    for year, month, day in (*YEAR_FIRST.findall(words), *YEAR_FIRST_TOGETHER.findall(words)):
        _add_date(dates, year, month, day)
    return dates


def _add_date(dates: set[date], year: str, month: str | int, day: str) -> None:
    try:
        dates.add(date(int(year), int(month), int(day)))
    except ValueError:
        return  # three numbers that form no date
