"""Days and moments that an address or a form names, as text."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone

from appointments.booking import EARLIEST, LATEST


def day_of(text: str | None) -> date | None:
    """The day of "2026-11-24"; None where it is none, or none that an appointment can be on."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    # Beyond, a time zone or the next week leads out of what a date can hold.
    return day if EARLIEST.date() <= day < LATEST.date() else None


def moment_of(text: str | None) -> datetime | None:
    """The moment of "2026-11-24T09:00:00+01:00"; None without an offset, and as for days."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if timezone.is_aware(moment) and EARLIEST <= moment < LATEST else None
