"""The free times of one agenda for one visit reason, day by day, for staff who book, and the first one of several
agendas.

Unlike `slots.free_slots` it knows no limits of online booking, and fills gaps from their start: after an appointment
of half an hour the next time offered begins where that one ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.utils import timezone

from appointments.free_time import days_from, without
from appointments.models import Agenda, VisitReason
from appointments.occupied import Week, occupied, weeks_of
from appointments.openings import Span, merged, openings_on
from appointments.slots import STEP, USUAL_HOURS, Taken, rounded_up

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
        opened = openings_on(day, _hours(week, day, visit_reason.pk), zone)
        of_day = [one for one in taken if not opened or one[1] > opened[0][0]]
        times[day] = [one.astimezone(zone) for gap in without(opened, of_day) for one in _starts(gap, length)]
    return times


def first_free(minutes: Mapping[Agenda, int], *, after: datetime, last: date) -> datetime | None:
    """The first time from `after` to the day `last` when one of these agendas is open and free for its `minutes`, by
    a fixed number of queries. All are of one practice. In its time zone, at a multiple of five minutes; not at a
    time that an appointment may come back to by undoing."""
    if not minutes:
        return None
    zone = next(iter(minutes)).practice.zone
    days = days_from(timezone.localdate(after, zone), last)
    end = datetime.combine(last + timedelta(days=1), time.min, zone)
    occupied_times = occupied(minutes, after, end, may_come_back=True)
    weeks = weeks_of(minutes)
    firsts = []
    for agenda, enough in minutes.items():
        opened = (span for day in days for span in openings_on(day, _hours(weeks[agenda.pk], day), zone))
        taken, length = Taken(occupied_times.every(agenda.pk)), timedelta(minutes=enough)
        firsts.append(_first_start(opened, taken, length, rounded_up(after)))
    free = [one for one in firsts if one is not None]
    return min(free).astimezone(zone) if free else None


def _first_start(opened: Iterable[Span], taken: Taken, length: timedelta, after: datetime) -> datetime | None:
    for opens_at, closes_at in opened:
        start = max(opens_at, after)
        while start + length <= closes_at:
            if taken.is_free(start, start + length):
                return start
            start += timedelta(minutes=STEP)
    return None


def _hours(week: Week, day: date, visit_reason: UUID | None = None) -> list[tuple[time, time]]:
    """An agenda without hours counts as open from nine to six. `visit_reason`: leaves out hours kept for others."""
    return week.on(day.weekday(), visit_reason) if any(week.hours.values()) else [USUAL_HOURS]


def _until(now: datetime) -> Span:
    return datetime(1970, 1, 1, tzinfo=UTC), now


def _starts(gap: Span, length: timedelta) -> Iterable[datetime]:
    start = rounded_up(gap[0])
    while start + length <= gap[1]:
        yield start
        start += length
