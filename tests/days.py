"""Days to come, for tests that do not set the clock: a date that is written in a test is past one day."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone

from practices.models import Practice

YEAR = date.today().year + 1


def last_sunday(month: int) -> date:
    """Of next year: in March and October the clocks of Europe change."""
    after = date(YEAR, month, 28) + timedelta(days=4)  # in the next month
    last = after.replace(day=1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() + 1) % 7)


# Four weeks from here on are in September, without a public holiday of France, a change of clocks or a first of the
# month, which is written in another way than other days.
QUIET_TUESDAY = date(YEAR, 9, 2) + timedelta(days=(1 - date(YEAR, 9, 2).weekday()) % 7)


def coming(weekday: int, practice: Practice, *, weeks: int = 1) -> date:
    """The first such day of the week (Monday is 0) after so many whole weeks, as the practice counts days."""
    first = timezone.localdate(timezone=practice.zone) + timedelta(weeks=weeks)
    return first + timedelta(days=(weekday - first.weekday()) % 7)
