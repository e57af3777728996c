"""The free time of several agendas on a few days, for the agenda's page, by a fixed number of queries.

Unlike `slots.free_slots` it knows neither a visit reason nor the limits of online booking: staff book any free time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Min, QuerySet

from appointments.models import Agenda, Closing
from appointments.occupied import Booked, occupied, weeks_of
from appointments.openings import Span, merged, openings_on
from schema.composed import composed_once

USUAL_MINUTES = 20  # of an agenda without visit reasons


@dataclass(frozen=True)
class DayOfAgenda:
    """Moments in UTC, each list merged and in order. `free`: open, not closed, not taken, and long enough for the
    agenda's shortest reason."""

    open: list[Span]
    closed: list[Span]
    free: list[Span]


def days_of_agendas(
    agendas: Sequence[Agenda],
    first: date,
    last: date,
    *,
    booked: Iterable[Booked],
    closings: Iterable[Closing],
) -> dict[UUID, DayOfAgenda]:
    """Of each agenda, from the day `first` to the day `last`, both included.

    `agendas` of one practice; `booked`: at least their appointments in this time; `closings` with their agendas
    prefetched.
    """
    if not agendas:
        return {}
    zone = agendas[0].practice.zone
    window = (datetime.combine(first, time.min, zone), datetime.combine(last + timedelta(days=1), time.min, zone))
    weeks, taken = weeks_of(agendas), occupied(agendas, *window, booked=booked, closings=closings)
    shortest = shortest_reasons(agendas)
    days = {}
    for agenda in agendas:
        week = weeks[agenda.pk]
        opened = [span for day in days_from(first, last) for span in openings_on(day, week.on(day.weekday()), zone)]
        shut = merged([*taken.closed[agenda.pk], *taken.absent[agenda.pk]])
        enough = timedelta(minutes=shortest[agenda])
        gaps = without(opened, merged(taken.every(agenda.pk)))
        days[agenda.pk] = DayOfAgenda(opened, shut, [gap for gap in gaps if gap[1] - gap[0] >= enough])
    return days


def shortest_reasons(agendas: Sequence[Agenda]) -> dict[Agenda, int]:
    """How many minutes the shortest reason of each agenda takes."""
    known = dict(_shortest(tuple(one.pk for one in agendas)))
    return {one: known.get(one.pk, USUAL_MINUTES) for one in agendas}


@composed_once
def _shortest(agendas: tuple[UUID, ...]) -> QuerySet[Any, Any]:
    booked = Agenda.objects.filter(pk__in=agendas, visit_reasons__is_active=True)
    return booked.annotate(shortest=Min("visit_reasons__duration_minutes")).values_list("pk", "shortest")


def without(spans: Iterable[Span], removed: Iterable[Span]) -> list[Span]:
    """The spans without the removed times. Both merged and in order."""
    remaining = list(spans)
    for start, end in removed:
        cut: list[Span] = []
        for one in remaining:
            before, after = (one[0], min(one[1], start)), (max(one[0], end), one[1])
            cut += [part for part in (before, after) if part[0] < part[1]]
        remaining = cut
    return remaining


def days_from(first: date, last: date) -> list[date]:
    """Both included."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
