"""The free times of one agenda for one visit reason, day by day, for staff who book.

Unlike `slots.free_slots` it knows no limits of online booking, and fills gaps from their start: after an appointment
of half an hour the next time offered begins where that one ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone

from appointments.free_time import days_from, without
from appointments.models import Agenda, VisitReason
from appointments.occupied import Week, occupied, weeks_of
from appointments.openings import Span, merged, openings_on
from appointments.slots import USUAL_HOURS, rounded_up

SEARCHED = 56  # days, at most
READ_AT_ONCE = 14  # days


@dataclass(frozen=True)
class FreeDay:
    """A day with free times, in the practice's time zone."""

    day: date
    times: list[datetime]


def free_days(
    agenda: Agenda,
    visit_reason: VisitReason,
    *,
    first: date | None = None,
    days: int = 1,
    now: datetime | None = None,
) -> list[FreeDay]:
    """The next `days` days with free times, from the day `first` (None: today), within eight weeks."""
    now = now or timezone.now()
    zone = agenda.practice.zone
    today = timezone.localdate(now, zone)
    start = max(first or today, today)
    free: list[FreeDay] = []
    for offset in range(0, SEARCHED, READ_AT_ONCE):
        begins = start + timedelta(days=offset)
        some = free_times(agenda, visit_reason, days_from(begins, begins + timedelta(days=READ_AT_ONCE - 1)), now=now)
        free += [FreeDay(day, times) for day, times in some.items() if times]
        if len(free) >= days:
            break
    return free[:days]


def free_times(
    agenda: Agenda, visit_reason: VisitReason, days: Iterable[date], *, now: datetime | None = None
) -> dict[date, list[datetime]]:
    """The free times that begin on each of these days, in the practice's time zone; none in the past."""
    zone = agenda.practice.zone
    asked = sorted(days)
    if not asked:
        return {}
    start = datetime.combine(asked[0], time.min, zone)
    end = datetime.combine(asked[-1] + timedelta(days=2), time.min, zone)  # the last opening may end at midnight
    taken = merged([*occupied([agenda], start, end).every(agenda.pk), _until(now or timezone.now())])
    week = weeks_of([agenda])[agenda.pk]
    length = timedelta(minutes=visit_reason.duration_minutes)
    times = {}
    for day in asked:
        opened = openings_on(day, _hours(week, day, visit_reason), zone)
        of_day = [one for one in taken if not opened or one[1] > opened[0][0]]
        times[day] = [one.astimezone(zone) for gap in without(opened, of_day) for one in _starts(gap, length)]
    return times


def _hours(week: Week, day: date, visit_reason: VisitReason) -> list[tuple[time, time]]:
    """An agenda without hours counts as open from nine to six, as in slots.first_free."""
    return week.on(day.weekday(), visit_reason.pk) if any(week.hours.values()) else [USUAL_HOURS]


def _until(now: datetime) -> Span:
    return datetime(1970, 1, 1, tzinfo=UTC), now


def _starts(gap: Span, length: timedelta) -> Iterable[datetime]:
    start = rounded_up(gap[0])
    while start + length <= gap[1]:
        yield start
        start += length
