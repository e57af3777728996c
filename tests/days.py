"""Days to come, for tests that do not set the clock: a date that stands in a test is past one day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from practices.models import Practice


def coming(weekday: int, practice: Practice, *, weeks: int = 1) -> date:
    """The first such day of the week (Monday is 0) after so many whole weeks, as the practice counts days."""
    first = timezone.localdate(timezone=practice.zone) + timedelta(weeks=weeks)
    return first + timedelta(days=(weekday - first.weekday()) % 7)


def at(day: date, practice: Practice, hour: int, minute: int = 0) -> datetime:
    """That time of the practice's clocks."""
    return datetime.combine(day, time(hour, minute), practice.zone)
