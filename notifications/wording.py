"""Formats days, times and telephone numbers for messages, pages and documents."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from django.conf import settings
from django.utils import timezone
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

# Dots, strokes and colons of other scripts are read as ours.
WITHIN_ADDRESSES = re.compile(r"[.:/\\@\u2024\u3002\uff0e\uff0f\uff1a\uff20\uff61]+(?=\w)")
BEGINS_WITH_A_VOWEL = re.compile(r"[aeiou]|y[^aeiouy\W]")
LIGATURES = {"œ": "oe", "æ": "ae"}
# French first names whose h is mute: “d’Hélène”. Any other name keeps “de”.
MUTE_H = frozenset(
    [
        *("hadrien", "hector", "hedwige", "helena", "helene", "heliette", "heloise", "henri", "henriette", "henry"),
        *("herbert", "hermance", "hermann", "hermeline", "hermine", "herminie", "hermione", "herve", "hilaire"),
        *("hilda", "hildegarde", "hippolyte", "honorat", "honore", "honorine", "horace", "hortense", "hubert"),
        *("huberte", "hugues", "huguette", "humbert", "hyacinthe"),
    ]
)
FIRST_WORD = re.compile(r"[^\W\d_]*")


def long_day(value: date, *, weekday: bool = False) -> str:
    """24 novembre 2026, 1er décembre 2026; with `weekday`, mardi 24 novembre 2026 (Tuesday, 24 November 2026)."""
    language = get_language()
    french = (language or "fr").startswith("fr")
    months, weekdays = _names(language)
    number = "1er" if french and value.day == 1 else str(value.day)
    written = f"{number} {months[value.month]} {value.year:04}"  # date_format reads a format each time
    return f"{weekdays[value.weekday()]}{'' if french else ','} {written}" if weekday else written


@lru_cache
def _names(language: str | None) -> tuple[dict[int, str], dict[int, str]]:
    """Of the months and of the days of the week, translated once in a process."""
    with override(language):
        return {one: str(name) for one, name in MONTHS.items()}, {one: str(name) for one, name in WEEKDAYS.items()}


def clock(value: datetime | time) -> str:
    """09:50, in every language: of a moment, on the clock that it is given in."""
    return f"{value:%H:%M}"


def of(name: object) -> str:
    """A name after the French “de”: “de Marie”, “d’Émile”. Other languages have the word in the sentence: the name
    alone.

    Before h, the letter does not tell: “d’Hélène”, as in MUTE_H, and “de Hassan”. Before y, “de” is shortened if a
    consonant follows (d’Yves, de Yasmine).
    """
    if not (get_language() or "fr").startswith("fr"):
        return str(name)
    letters = "".join(map(_plain, unicodedata.normalize("NFC", str(name)).lower()))
    first = FIRST_WORD.match(letters)
    elided = BEGINS_WITH_A_VOWEL.match(letters) or (first is not None and first.group() in MUTE_H)
    return f"d’{name}" if elided else f"de {name}"


def _plain(letter: str) -> str:
    return LIGATURES.get(letter) or unicodedata.normalize("NFD", letter)[0]


def shown(value: datetime) -> datetime:
    """The time in the page's zone; a time with a zone of its own (`|timezone:`) keeps it."""
    if not getattr(value, "convert_to_local_time", True):
        return value
    return timezone.localtime(value, timezone.get_current_timezone())


class _ZoneOfNoPractice(ZoneInfo):
    """The installation's zone, which names itself by its offset: what Django writes by its own formats
    (docshare/formats) and what `moment_anywhere` writes are one."""

    def tzname(self, value: datetime | None, /) -> str | None:
        return super().tzname(value) if value is None else _offset(value)


@lru_cache(maxsize=1)
def zone_of_no_practice() -> ZoneInfo:
    """The installation's zone, as a distinct object, by which a page without a practice's zone is recognised."""
    return _ZoneOfNoPractice.no_cache(settings.TIME_ZONE)


def moment(value: datetime) -> str:
    """24 novembre 2026 à 09:14, in the time zone of the page's practice; without a practice, with the offset from
    UTC."""
    local = shown(value)
    return moment_anywhere(value) if local.tzinfo is zone_of_no_practice() else _moment(local)


def _moment(local: datetime) -> str:
    return _("%(day)s à %(time)s") % {"day": long_day(local), "time": clock(local)}


def span(start: datetime, end: datetime) -> str:
    """From when to when, for people: an end at midnight is that of the day before."""
    first, last = shown(start), shown(end)
    to_midnight = last.time() == time.min and last > first
    last_day = last.date() - timedelta(days=1) if to_midnight else last.date()
    facts = {
        "day": long_day(first),
        "last": long_day(last_day),
        "from": clock(first),
        "to": "24:00" if to_midnight else clock(last),
    }
    if to_midnight and first.time() == time.min:
        words = _("%(day)s, toute la journée") if first.date() == last_day else _("du %(day)s au %(last)s inclus")
    elif first.date() == last_day:
        words = _("%(day)s, %(from)s–%(to)s")
    else:
        words = _("du %(day)s, %(from)s au %(last)s, %(to)s")
    return words % facts


def moment_anywhere(value: datetime) -> str:
    """24 novembre 2026 à 09:14 (UTC+1): whatever the page is about."""
    local = shown(value)
    return f"{_moment(local)} ({_offset(local)})"


def _offset(local: datetime) -> str:
    """UTC+1, UTC-3:30, UTC."""
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    offset = f"{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "") if minutes else ""
    return f"UTC{offset}"


def telephone_by_pairs(number: str | None) -> str:
    """06 12 34 56 78, as France writes its own numbers; other countries' in the international form."""
    if not number:
        return ""
    try:
        parsed = phonenumbers.parse(number, settings.PHONENUMBER_REGION)
    except phonenumbers.NumberParseException:
        return number
    national = phonenumbers.region_code_for_number(parsed) == settings.PHONENUMBER_REGION
    form = phonenumbers.PhoneNumberFormat.NATIONAL if national else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, form).replace(" ", "\u00a0")


def unlinked(name: str) -> str:
    """A user's name, changed so that no mailbox turns it into a link: “evil.example/x” as “evil. example/ x”."""
    return WITHIN_ADDRESSES.sub(r"\g<0> ", name)


def masked_mobile(number: str | None) -> str:
    """06 •• •• •• 78: enough to recognise one's own number, too little for a stranger."""
    shown = telephone_by_pairs(number)
    parts = shown.split("\u00a0")
    return (
        "\u00a0".join([parts[0], *("•" * len(part) for part in parts[1:-1]), parts[-1]]) if len(parts) > 2 else shown
    )


def masked_email(address: str | None) -> str:
    """c•••@e….fr."""
    if not address or "@" not in address:
        return ""
    local, domain = address.rsplit("@", 1)
    name, _dot, ending = domain.rpartition(".")
    return f"{local[:1]}•••@{name[:1]}….{ending}"
