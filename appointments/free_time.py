"""The free time of several agendas on a few days, for the agenda's page, by a fixed number of queries.

Unlike `slots.free_slots` it knows neither a visit reason nor the limits of online booking: staff book any free time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Min

from appointments.models import Absence, Agenda, Appointment, AppointmentStatus, Closing, OpeningHours, SlotHold
from appointments.openings import Span, WeeklyHours, merged, openings_by

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
    booked: Iterable[Appointment],
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
    hours = _hours(agendas)
    closed, taken = _closed(agendas, window, closings), _taken(agendas, window, booked)
    shortest = dict(
        Agenda.objects.filter(pk__in=[one.pk for one in agendas], visit_reasons__is_active=True)
        .annotate(shortest=Min("visit_reasons__duration_minutes"))
        .values_list("pk", "shortest")
    )
    days = {}
    for agenda in agendas:
        opened = list(openings_by(hours[agenda.pk], first, last, zone))
        shut = merged(closed[agenda.pk])
        enough = timedelta(minutes=shortest.get(agenda.pk, USUAL_MINUTES))
        gaps = without(opened, merged([*shut, *taken[agenda.pk]]))
        days[agenda.pk] = DayOfAgenda(opened, shut, [gap for gap in gaps if gap[1] - gap[0] >= enough])
    return days


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


def _hours(agendas: Sequence[Agenda]) -> dict[UUID, list[WeeklyHours]]:
    found: dict[UUID, list[WeeklyHours]] = defaultdict(list)
    rows = OpeningHours.objects.filter(agenda__in=agendas)
    for agenda, weekday, opens_at, closes_at in rows.values_list("agenda", "weekday", "opens_at", "closes_at"):
        found[agenda].append((weekday, opens_at, closes_at))
    return found


def _closed(agendas: Sequence[Agenda], window: Span, closings: Iterable[Closing]) -> dict[UUID, list[Span]]:
    found: dict[UUID, list[Span]] = defaultdict(list)
    for closing in closings:
        for agenda in agendas:
            if closing.closes(agenda):
                found[agenda.pk].append((closing.starts_at, closing.ends_at))
    absences = Absence.objects.filter(agenda__in=agendas, starts_at__lt=window[1], ends_at__gt=window[0])
    for agenda_id, start, end in absences.values_list("agenda", "starts_at", "ends_at"):
        found[agenda_id].append((start, end))
    return found


def _taken(agendas: Sequence[Agenda], window: Span, booked: Iterable[Appointment]) -> dict[UUID, list[Span]]:
    found: dict[UUID, list[Span]] = defaultdict(list)
    for one in booked:
        if one.status == AppointmentStatus.BOOKED:
            found[one.agenda_id].append((one.starts_at, one.ends_at))
    held = SlotHold.objects.live().filter(agenda__in=agendas, starts_at__lt=window[1], ends_at__gt=window[0])
    for agenda_id, start, end in held.values_list("agenda", "starts_at", "ends_at"):
        found[agenda_id].append((start, end))
    return found
