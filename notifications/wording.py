"""How messages, pages and documents write days and telephone numbers."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

# Dots, strokes and colons of other scripts are read as ours.
WITHIN_ADDRESSES = re.compile(r"[.:/\\@\u2024\u3002\uff0e\uff0f\uff1a\uff20\uff61]+(?=\w)")


def long_day(value: date, *, weekday: bool = False) -> str:
    """24 novembre 2026, 1er décembre 2026; with `weekday`, mardi 24 novembre 2026 (Tuesday, 24 November 2026)."""
    french = (get_language() or "fr").startswith("fr")
    number = "1er" if french and value.day == 1 else str(value.day)
    written = f"{number} {date_format(value, 'F Y')}"
    if not weekday:
        return written
    return f"{date_format(value, 'l')}{'' if french else ','} {written}"


def shown(value: datetime) -> datetime:
    """In the zone of the page; one that was given another for itself (`|timezone:`) keeps it."""
    if not getattr(value, "convert_to_local_time", True):
        return value
    return timezone.localtime(value, timezone.get_current_timezone())


@lru_cache(maxsize=1)
def zone_of_no_practice() -> ZoneInfo:
    """The installation's zone, as an object of its own: a page that no practice gave its clock to is known by it."""
    return ZoneInfo.no_cache(settings.TIME_ZONE)


def moment(value: datetime) -> str:
    """24 novembre 2026 à 09:14, on the clock of the practice that the page is about; about none, with the offset from
    UTC."""
    local = shown(value)
    return moment_anywhere(value) if local.tzinfo is zone_of_no_practice() else _moment(local)


def _moment(local: datetime) -> str:
    return _("%(day)s à %(time)s") % {"day": long_day(local), "time": f"{local:%H:%M}"}


def moment_anywhere(value: datetime) -> str:
    """24 novembre 2026 à 09:14 (UTC+1): whatever the page is about."""
    local = shown(value)
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    offset = f"{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "") if minutes else ""
    return f"{_moment(local)} (UTC{offset})"


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
    """A name that somebody typed, so that no mailbox makes a link of it: “evil.example/x” as “evil. example/ x”."""
    return WITHIN_ADDRESSES.sub(r"\g<0> ", name)
