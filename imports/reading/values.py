"""Dates, times, durations and names as other software writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from patients.birth_dates import OLDEST, birth_date_in, born_in
from patients.names import ascii_digits, kept

MIDNIGHT = re.compile(r"[ T]+0{1,2}[:h]00(?:[:.]00(?:\.0+)?)?\s*(?:Z|[+-]\d\d:?\d\d)?$")
DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d\d)(?!\d)")
YEAR_FIRST = re.compile(r"(\d{4})[/.-]?(\d{2})[/.-]?(\d{2})(?!\d)")
CLOCK = re.compile(r"(\d{1,2})(?:\s*[:hH]\s*(\d{2})?|\.(\d{2}))(?::(\d{2})(?:[.,]\d+)?)?\s*(am|pm)?", re.IGNORECASE)
OFFSET = re.compile(r"(Z|[+-]\d\d:?\d\d)$")
DURATION = re.compile(
    r"(?:(?P<hours>\d{1,2})\s*(?:h|heures?|hours?|:)\s*)?(?:(?P<minutes>\d{1,3})\s*(?:min|minutes?|mn|m|')?)?"
    r"(?::(?P<seconds>00))?",
    re.IGNORECASE,
)
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=24)


def birth_date(text: str, *, today: date) -> date:
    """12/03/1950, 1950-03-12, 12.03.50, 12 mars 1950, with or without a time. Raises ValidationError.

    A year of two digits counts only if a single century is possible.
    """
    written = MIDNIGHT.sub("", kept(text))
    born, rest = birth_date_in(written)
    if born:
        if rest.strip(" /,"):
            raise ValidationError(_not_a_birth_date())
        return born
    stated = born_in(written)
    days = [first for first, last in stated.spans if first == last] if stated and not stated.rest.strip(" /") else []
    if not days:
        raise ValidationError(_not_a_birth_date())
    possible = [day for day in days if today - OLDEST <= day <= today]
    if len(possible) != 1:
        raise ValidationError(_("La date de naissance a une année de deux chiffres : écrivez-en quatre."))
    return possible[0]


def _not_a_birth_date() -> StrPromise:
    return _("La date de naissance est illisible. Écrivez-la ainsi : 12/03/1950.")


def moment(text: str, zone: ZoneInfo) -> datetime:
    """A date with a time: 12/03/2026 09:30, 12.03.26 à 9h30, 2026-03-12T09:30:00+01:00. Raises ValidationError.

    Without an offset: the time at the practice. Of an hour that occurs twice when clocks change, the first.
    """
    written = ascii_digits(kept(text))
    day, rest = _day(written)
    offset = OFFSET.search(rest)
    at = clock(rest[: offset.start()] if offset else rest)
    if offset:
        try:
            return datetime.fromisoformat(f"{day.isoformat()}T{at.isoformat()}{offset[1].replace('Z', '+00:00')}")
        except ValueError:
            raise ValidationError(_not_a_moment()) from None
    return at_practice(day, at, zone)


def day(text: str) -> date:
    """Raises ValidationError."""
    date_part, rest = _day(ascii_digits(MIDNIGHT.sub("", kept(text))))
    if rest.strip():
        raise ValidationError(_not_a_moment())
    return date_part


def at_practice(on: date, at: time, zone: ZoneInfo) -> datetime:
    """Raises ValidationError for an hour that clocks skip."""
    local = datetime.combine(on, at, zone)
    if local.astimezone(ZoneInfo("UTC")).astimezone(zone).replace(fold=0) != local:
        raise ValidationError(_("Cette heure n’existe pas : les horloges avancent cette nuit-là."))
    return local


def clock(text: str) -> time:
    """9:30, 9h30, 9h, 09:30:00, 9.30, 9:30 pm. Raises ValidationError."""
    match = CLOCK.fullmatch(
        re.sub(r"^(?:à|a|at|T)\s*", "", ascii_digits(kept(text)).strip(" ,-"), flags=re.IGNORECASE)
    )
    if not match:
        raise ValidationError(_("L’heure est illisible. Écrivez-la ainsi : 09:30."))
    hour, minute, half = int(match[1]), int(match[2] or match[3] or 0), (match[5] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return time(hour, minute)
    except ValueError:
        raise ValidationError(_("L’heure est illisible. Écrivez-la ainsi : 09:30.")) from None


def _day(text: str) -> tuple[date, str]:
    if match := YEAR_FIRST.match(text):
        year, month, number = map(int, match.groups())
    elif match := DAY_FIRST.match(text):
        number, month, year = map(int, match.groups())
        year += 2000 if len(match[3]) == 2 else 0  # an appointment, never a birth
    else:
        raise ValidationError(_not_a_moment())
    try:
        return date(year, month, number), text[match.end() :]
    except ValueError:
        raise ValidationError(_("Cette date n’existe pas. Vérifiez le jour, le mois et l’année.")) from None


def _not_a_moment() -> StrPromise:
    return _("La date du rendez-vous est illisible. Écrivez-la ainsi : 12/03/2026 09:30.")


def duration(text: str) -> timedelta:
    """30, 30 min, 1h, 1 h 30, 00:30, 00:30:00. Raises ValidationError."""
    match = DURATION.fullmatch(ascii_digits(kept(text)))
    lasts = timedelta(hours=int(match["hours"] or 0), minutes=int(match["minutes"] or 0)) if match else timedelta()
    if not SHORTEST <= lasts <= LONGEST:
        raise ValidationError(_("La durée est illisible. Écrivez-la en minutes : 20."))
    return lasts


@dataclass(frozen=True)
class Names:
    """`certain`: False if the order of the two is a guess."""

    first: str
    last: str
    certain: bool = True


def names_in(text: str, *, last_first: bool | None) -> Names:
    """The names in one text: DURAND Marie, Marie DURAND, Durand, Marie; else by the order `last_first` (None:
    unknown), if there are two words. Raises ValidationError."""
    written = kept(text)
    last, comma, first = (part.strip() for part in written.partition(","))
    if comma and last and first and "," not in first:
        return Names(first, last)
    words = written.split()
    upper = [word.isupper() and len(word) > 1 for word in words]
    split = sum(upper)
    if 0 < split < len(words):
        if all(upper[:split]):
            return Names(" ".join(words[split:]), " ".join(words[:split]))
        if all(upper[-split:]):
            return Names(" ".join(words[:-split]), " ".join(words[-split:]))
    if len(words) == 2:
        one, other = words
        return Names(other, one, last_first is not None) if last_first is not False else Names(one, other)
    raise ValidationError(
        _("Le nom et le prénom ne se distinguent pas. Écrivez le nom en majuscules : DURAND Marie.")
    )
