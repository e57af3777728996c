"""Parses birth dates as people write them, and refuses impossible ones."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from patients.names import ascii_digits, plain, typed_number, written_plainly

OLDEST = timedelta(days=125 * 366)  # nobody is older: an earlier birth date is a typing error
MONTHS = (
    ("janvier", "january"), ("fevrier", "february"), ("mars", "march"), ("avril", "april"), ("mai", "may"),
    ("juin", "june"), ("juillet", "july"), ("aout", "august"), ("septembre", "september"),
    ("octobre", "october"), ("novembre", "november"), ("decembre", "december"),
)  # fmt: skip
DAY_FIRST = re.compile(r"(\d{1,2})(?:er)?[ ./-]+(\d{1,2}|[a-z]{3,9})[ ./-]+((?:19|20)\d\d)")
YEAR_FIRST = re.compile(r"((?:19|20)\d\d)[ ./-]+(\d{1,2})[ ./-]+(\d{1,2})")  # ISO 8601, with any separator
IN_A_ROW = re.compile(r"(\d{2})(\d{2})((?:19|20)\d\d)")
YEAR_FIRST_IN_A_ROW = re.compile(r"((?:19|20)\d\d)(\d{2})(\d{2})")
# Separated by slashes, dots or dashes, never by spaces: 06 12 34 56 78 and 06.12.34.56.78 are telephone numbers.
SHORT_YEAR = re.compile(
    r"(?<!\d)(?<!\d[/.-])(0?[1-9]|[12]\d|3[01])(?P<sign>[/.-])(0?[1-9]|1[0-2])(?P=sign)(\d{2})(?![/.-]?\d)"
)
SHORT_YEAR_BY_NAME = re.compile(r"(\d{1,2})(?:er)?[ ./-]+([a-z]{3,9})[ ./-]+(\d{2})")
MONTH_AND_YEAR = re.compile(r"(?<!\d[/.-])(\d{1,2}|[a-z]{3,9})[ ./-]+((?:19|20)\d\d)")
# 3/44, a month and a two-digit year: with a slash only, because 06.12 may begin a telephone number.
SHORT_MONTH_AND_YEAR = re.compile(r"(?<!\d)(?<!\d[/.-])(0?[1-9]|1[0-2])/(\d{2})(?![/.-]?\d)")
# “né le 12/03/1950”, “née en mars 1944”, “born in 1944”: words before a date, never parts of a name.
BORN_ON = re.compile(r"\b(?:nee?|nee?\(e\)|born) (?:le|en|on|in) (?=(?:[a-z]+ )?\d)")
CENTURIES = ("19", "20")
SUCH_AS = 1941


class ImpossibleBirthDate(ValidationError):
    """No living person was born on this day: a typing error, not a wrong answer."""


def birth_date_of(day: str, month: str, year: str, *, example_year: int = SUCH_AS) -> date:
    """A date entered in three fields; the month is a number or its name, in French or English.

    `example_year`: the year of the example in the sentences. Raises ValidationError, with the sentence for the user.
    """
    numbers = [whole_number(day), month_number(month), whole_number(year)]
    if None in numbers:
        sentence = _("Donnez le jour, le mois et l’année, par exemple 3, 2 et %(year)s.") % {"year": example_year}
        raise ValidationError(sentence, code="not_a_date")
    if len(ascii_digits(year).strip()) < 4:
        sentence = _("Écrivez l’année avec ses quatre chiffres, par exemple %(year)s.") % {"year": example_year}
        raise ValidationError(sentence, code="short_year")
    try:
        return date(numbers[2] or 0, numbers[1] or 0, numbers[0] or 0)
    except (ValueError, OverflowError):  # OverflowError for a year of eleven digits
        raise ValidationError(
            _("Cette date n’existe pas. Vérifiez le jour, le mois et l’année."), code="no_such_date"
        ) from None


def check_birth_date(born: date, *, today: date) -> None:
    """Raises ImpossibleBirthDate if no living person can have it. `today`: at the practice."""
    if born > today:
        raise ImpossibleBirthDate(
            gettext_lazy("Cette date de naissance est dans l’avenir. Vérifiez l’année."), code="birth_date_in_future"
        )
    if born < today - OLDEST:
        raise ImpossibleBirthDate(
            gettext_lazy("Cette date de naissance est trop ancienne. Vérifiez l’année."), code="birth_date_too_old"
        )


def birth_date_in(text: str) -> tuple[date | None, str]:
    """The first date in a search (12/03/1950, 12 mars 1950, 1950-03-12), and the rest of the text."""
    written = written_plainly(text)
    for pattern in (YEAR_FIRST, DAY_FIRST, IN_A_ROW, YEAR_FIRST_IN_A_ROW):
        for match in pattern.finditer(_spelt(written)):
            if _stands_alone(written, *match.span()):
                year_first = pattern in (YEAR_FIRST, YEAR_FIRST_IN_A_ROW)
                parts = match.groups()[::-1] if year_first else match.groups()
                try:
                    return birth_date_of(*parts), _without(written, match)
                except ValidationError:
                    continue
    return None, text


@dataclass(frozen=True)
class BirthDateSearch:
    """A birth date in a search: within one of `spans` (first and last day). `rest`: the other text; `may_be_else`:
    the same text may be a telephone number or a name (Mai 1990)."""

    spans: tuple[tuple[date, date], ...]
    rest: str
    may_be_else: bool = False


def born_in(text: str) -> BirthDateSearch | None:
    """The birth date in a search: complete, month and year, or with a two-digit year, which may be of either
    century."""
    born, rest = birth_date_in(text)
    if born:
        return BirthDateSearch(((born, born),), rest)
    written = written_plainly(text)
    spelt = _spelt(written)
    for pattern in (SHORT_YEAR, SHORT_YEAR_BY_NAME):
        for match in pattern.finditer(spelt):
            day, month, year = (one for one in match.groups() if one not in ("/", ".", "-"))
            days = [_date_of(day, month, century + year) for century in CENTURIES]
            spans = tuple((one, one) for one in days if one)
            if spans and _stands_alone(written, *match.span()):
                return BirthDateSearch(spans, _without(written, match), typed_number(text) is not None)
    for match in MONTH_AND_YEAR.finditer(spelt):
        month = _month_of(*match.groups())
        if month and _stands_alone(written, *match.span()):
            is_name = not match[1].isdecimal()
            return BirthDateSearch((month,), _without(written, match), is_name or typed_number(text) is not None)
    for match in SHORT_MONTH_AND_YEAR.finditer(spelt):
        months = [_month_of(match[1], century + match[2]) for century in CENTURIES]
        if _stands_alone(written, *match.span()):
            return BirthDateSearch(tuple(one for one in months if one), _without(written, match), may_be_else=True)
    return None


def without_born_on(text: str) -> str:
    """The text of a search, without “né en” and the like before a date or a year."""
    composed = unicodedata.normalize("NFC", text)
    parts, start = [], 0
    for match in BORN_ON.finditer(_spelt(composed)):
        parts.append(composed[start : match.start()])
        start = match.end()
    return "".join([*parts, composed[start:]])


def _month_of(month: str, year: str) -> tuple[date, date] | None:
    """Its first and its last day."""
    first = _date_of("1", month, year)
    return (first, first.replace(day=monthrange(first.year, first.month)[1])) if first else None


def _date_of(day: str, month: str, year: str) -> date | None:
    try:
        return birth_date_of(day, month, year)
    except ValidationError:
        return None


def _without(written: str, match: re.Match[str]) -> str:
    return f"{written[: match.start()]} {written[match.end() :]}"


def _spelt(text: str) -> str:
    """`plain` letter by letter: keeps the length of the text."""
    return "".join(letter if len(letter := plain(one)) == 1 else one for one in text)


def _stands_alone(text: str, start: int, end: int) -> bool:
    return not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())


def whole_number(typed: str) -> int | None:
    """In digits of any script; None for anything else."""
    written = ascii_digits(typed).strip()
    return int(written) if written.isascii() and written.isdigit() else None


def month_number(typed: str) -> int | None:
    """Of a month typed as a number, or as its name or the beginning of it, in French or English."""
    if (number := whole_number(typed)) is not None:
        return number
    written = plain(typed)
    if len(written) < 3:
        return None
    numbers = [number for number, names in enumerate(MONTHS, 1) if any(name.startswith(written) for name in names)]
    return numbers[0] if len(numbers) == 1 else None
