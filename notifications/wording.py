"""How messages (and pages) write days, and what a text must be to cost one SMS."""

from __future__ import annotations

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import get_language


def long_day(value: date, *, weekday: bool = False) -> str:
    """24 novembre 2026, 1er décembre 2026; with `weekday`, mardi 24 novembre 2026 (Tuesday, 24 November 2026)."""
    french = (get_language() or "fr").startswith("fr")
    number = "1er" if french and value.day == 1 else str(value.day)
    written = f"{number} {date_format(value, 'F Y')}"
    if not weekday:
        return written
    return f"{date_format(value, 'l')}{'' if french else ','} {written}"


def for_sms(text: str) -> str:
    """Plain spaces and apostrophes: others make the SMS UCS-2, and cost twice (3GPP TS 23.038)."""
    return text.replace("\u00a0", " ").replace("’", "'")
