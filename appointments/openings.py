"""When an agenda is open, day by day, in its practice's time zone. Adjacent hours form one opening."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from appointments.models import Agenda, VisitReason
from appointments.models.opening import MIDNIGHT

Span = tuple[datetime, datetime]
WeeklyHours = tuple[int, time, time]  # weekday, from, to
MomentsOfDay = list[tuple[time, time]]  # from, to; 00:00 as an end is midnight


def openings(agenda: Agenda, first: date, last: date, *, visit_reason: VisitReason | None = None) -> Iterator[Span]:
    """Openings from the day `first` to the day `last`, both included, in time order, without adjacent ones within a
    day.

    In UTC, so that callers can add durations even on days when clocks change. Each day is computed separately: the
    start of an opening does not depend on the days asked for. `visit_reason`: leaves out hours reserved for other
    reasons.
    """
    hours = agenda.opening_hours.all()
    if visit_reason is not None:
        reserved = agenda.opening_hours.filter(visit_reasons=visit_reason.pk).values("pk")
        hours = hours.filter(Q(visit_reasons=None) | Q(pk__in=reserved))
    yield from openings_by(hours.values_list("weekday", "opens_at", "closes_at"), first, last, agenda.practice.zone)


def openings_by(hours: Iterable[WeeklyHours], first: date, last: date, zone: ZoneInfo) -> Iterator[Span]:
    """`openings`, from weekly hours that are already read."""
    by_weekday: dict[int, MomentsOfDay] = {}
    for weekday, opens_at, closes_at in hours:
        by_weekday.setdefault(weekday, []).append((opens_at, closes_at))
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        yield from openings_on(day, by_weekday.get(day.weekday(), []), zone)


def openings_on(day: date, hours: MomentsOfDay, zone: ZoneInfo) -> list[Span]:
    """The openings of one day, merged, in UTC."""
    return merged(_opening_on(day, one, zone) for one in hours)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same times, in order, with overlapping and adjacent spans merged. Empty spans are left out."""
    disjoint: list[Span] = []
    for start, end in sorted(spans):
        if disjoint and start <= disjoint[-1][1]:
            disjoint[-1] = (disjoint[-1][0], max(disjoint[-1][1], end))
        elif start < end:
            disjoint.append((start, end))
    return disjoint


def _opening_on(day: date, hours: tuple[time, time], zone: ZoneInfo) -> Span:
    opens_at, closes_at = hours
    last = day + timedelta(days=1) if closes_at == MIDNIGHT else day
    return moment_on_clock(day, opens_at, zone), moment_on_clock(last, closes_at, zone)


def moment_on_clock(day: date, shown: time, zone: ZoneInfo) -> datetime:
    """The moment (UTC) when the clock first shows this time on that day, or when it skips it."""
    wall = datetime.combine(day, shown)
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # the offset after the change: before the gap
    while moment - before > timedelta(seconds=1):
        middle = before + (moment - before) / 2
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            before = middle
        else:
            moment = middle
    return moment.replace(microsecond=0)
