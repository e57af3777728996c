"""When an agenda is open, day by day, on the clock of its practice. Hours that meet are one opening."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from appointments.models import Agenda, VisitReason
from appointments.models.opening import MIDNIGHT

Span = tuple[datetime, datetime]


def openings(agenda: Agenda, first: date, last: date, *, visit_reason: VisitReason | None = None) -> Iterator[Span]:
    """From the day `first` to the day `last`, both included, in time order, none meeting another of its day.

    In UTC, so that what follows is plain arithmetic on the days when clocks change too. Each day is by itself: where
    an opening begins does not depend on the days asked for. `visit_reason`: leaves out hours kept for other reasons.
    """
    hours = agenda.opening_hours.all()
    if visit_reason is not None:
        kept_for = agenda.opening_hours.filter(visit_reasons=visit_reason.pk).values("pk")
        hours = hours.filter(Q(visit_reasons=None) | Q(pk__in=kept_for))
    by_weekday: dict[int, list[tuple[time, time]]] = {}
    for weekday, opens_at, closes_at in hours.values_list("weekday", "opens_at", "closes_at"):
        by_weekday.setdefault(weekday, []).append((opens_at, closes_at))
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        yield from merged(_on(day, hours, agenda.practice.zone) for hours in by_weekday.get(day.weekday(), []))


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time, in order, by spans of which none meets another. Empty ones are left out."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif start < end:
            found.append((start, end))
    return found


def _on(day: date, hours: tuple[time, time], zone: ZoneInfo) -> Span:
    opens_at, closes_at = hours
    last = day + timedelta(days=1) if closes_at == MIDNIGHT else day
    return moment_on_clock(day, opens_at, zone), moment_on_clock(last, closes_at, zone)


def moment_on_clock(day: date, shown: time, zone: ZoneInfo) -> datetime:
    """When the clock first shows this time that day, in UTC. Where it skips the time, the moment when it does."""
    wall = datetime.combine(day, shown)
    found = wall.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall:
        return found
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # by the offset of after, it is not yet the gap
    while found - before > timedelta(seconds=1):
        middle = before + (found - before) / 2
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            before = middle
        else:
            found = middle
    return found.replace(microsecond=0)
