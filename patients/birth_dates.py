"""Birth dates as people write them, and which of them can be one."""

from __future__ import annotations

import re
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from patients.names import ascii_digits, plain, written_plainly

OLDEST = timedelta(days=125 * 366)  # nobody is older: another birth date is a slip of the keyboard
MONTHS = (
    ("janvier", "january"), ("fevrier", "february"), ("mars", "march"), ("avril", "april"), ("mai", "may"),
    ("juin", "june"), ("juillet", "july"), ("aout", "august"), ("septembre", "september"),
    ("octobre", "october"), ("novembre", "november"), ("decembre", "december"),
)  # fmt: skip
DAY_FIRST = re.compile(r"(\d{1,2})(?:er)?[ ./-]+(\d{1,2}|[a-z]{3,9})[ ./-]+((?:19|20)\d\d)")
YEAR_FIRST = re.compile(r"((?:19|20)\d\d)[ ./-]+(\d{1,2})[ ./-]+(\d{1,2})")  # ISO 8601, and however it is parted
IN_A_ROW = re.compile(r"(\d{2})(\d{2})((?:19|20)\d\d)")
YEAR_FIRST_IN_A_ROW = re.compile(r"((?:19|20)\d\d)(\d{2})(\d{2})")
SHORT_YEAR = re.compile(r"(?<!\d)(?<!\d[/.-])(?:0?[1-9]|[12]\d|3[01])([/.-])(?:0?[1-9]|1[0-2])\1\d{2}(?![/.-]?\d)")


class ImpossibleBirthDate(ValidationError):
    """Nobody living was born on it: a slip of the keyboard, not a wrong answer."""


def birth_date_of(day: str, month: str, year: str) -> date:
    """A date typed in three fields; the month is a number or its name, in French or English.

    Raises ValidationError, with the sentence for whoever typed it.
    """
    numbers = [_number(day), _month(month), _number(year)]
    if None in numbers:
        raise ValidationError(_("Donnez le jour, le mois et l’année, par exemple 3, 2 et 1941."), code="not_a_date")
    if len(ascii_digits(year).strip()) < 4:
        raise ValidationError(_("Écrivez l’année avec ses quatre chiffres, par exemple 1941."), code="short_year")
    try:
        return date(numbers[2] or 0, numbers[1] or 0, numbers[0] or 0)
    except (ValueError, OverflowError):  # the second of a year with eleven digits
        raise ValidationError(
            _("Cette date n’existe pas. Vérifiez le jour, le mois et l’année."), code="no_such_date"
        ) from None


def check_birth_date(born: date, *, today: date) -> None:
    """Raises ImpossibleBirthDate for what is nobody's. `today`: where the practice is."""
    if born > today:
        raise ImpossibleBirthDate(
            _("Cette date de naissance est dans l’avenir. Vérifiez l’année."), code="birth_date_in_future"
        )
    if born < today - OLDEST:
        raise ImpossibleBirthDate(
            _("Cette date de naissance est trop ancienne. Vérifiez l’année."), code="birth_date_too_old"
        )


def birth_date_in(text: str) -> tuple[date | None, str]:
    """The first date in what was typed into a search (12/03/1950, 12 mars 1950, 1950-03-12), and the rest."""
    written = written_plainly(text)
    for pattern in (YEAR_FIRST, DAY_FIRST, IN_A_ROW, YEAR_FIRST_IN_A_ROW):
        for found in pattern.finditer(_spelt(written)):
            if _stands_alone(written, *found.span()):
                year_first = pattern in (YEAR_FIRST, YEAR_FIRST_IN_A_ROW)
                parts = found.groups()[::-1] if year_first else found.groups()
                try:
                    return birth_date_of(*parts), f"{written[: found.start()]} {written[found.end() :]}"
                except ValidationError:
                    continue
    return None, text


def lacks_century(text: str) -> bool:
    """Whether a search names a day with a year of two digits (3/2/41): which century is meant is not guessed."""
    return bool(SHORT_YEAR.search(written_plainly(text)))


def _spelt(text: str) -> str:
    """`plain` letter by letter: as long as the text."""
    return "".join(letter if len(letter := plain(one)) == 1 else one for one in text)


def _stands_alone(text: str, start: int, end: int) -> bool:
    return not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())


def _number(typed: str) -> int | None:
    written = ascii_digits(typed).strip()
    return int(written) if written.isascii() and written.isdigit() else None


def _month(typed: str) -> int | None:
    if (number := _number(typed)) is not None:
        return number
    written = plain(typed)
    if len(written) < 3:
        return None
    found = [number for number, names in enumerate(MONTHS, 1) if any(name.startswith(written) for name in names)]
    return found[0] if len(found) == 1 else None
