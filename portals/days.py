"""Parses days and moments in addresses and forms."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone

from appointments.booking import EARLIEST, LATEST


def day_of(text: str | None) -> date | None:
    """The day of "2026-11-24"; None if invalid or outside the range that an appointment can have."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    # Beyond this range, a time zone or the next week could exceed what a date can hold.
    return day if EARLIEST.date() <= day < LATEST.date() else None


def moment_of(text: str | None) -> datetime | None:
    """The moment of "2026-11-24T09:00:00+01:00"; None without an offset, if invalid, or outside the range of
    day_of."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if timezone.is_aware(moment) and EARLIEST <= moment < LATEST else None
