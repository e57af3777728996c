"""The next free time of every agenda and reason of a practice that patients book, in a bounded number of statements.

Rows of all agendas are read at once; then day after day is computed until each pair has its time.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from appointments.models import Agenda, BookingPolicy, OpeningHours, VisitReason
from appointments.occupied import occupied, weeks_of
from appointments.openings import Span, merged, openings_on
from appointments.slots import Taken, slots_within

WINDOWS = ((0, 7), (7, 28))  # days from today; the second is only read for what the first did not find
MOST_CANDIDATES = 20_000  # slots looked at for one page: a second of a slow processor
Pair = tuple[uuid.UUID, uuid.UUID]  # agenda, reason


def next_times(
    agendas: Collection[Agenda], reasons: Collection[VisitReason], *, now: datetime | None = None
) -> dict[Pair, datetime]:
    """When each reason can next be booked online on each agenda that offers it, within four weeks; pairs without a
    time are left out. The agendas are of one practice; each with `practice`. In the practice's time zone.

    A practice with every slot taken is looked through up to MOST_CANDIDATES; later days count as without a time.
    """
    if not agendas:
        return {}
    search = _Search(agendas, reasons, now or timezone.now())
    for first, end in WINDOWS:
        if search.waiting and search.candidates_left > 0:
            search.look(first, end)
    return search.found


class _Search:
    def __init__(self, agendas: Collection[Agenda], reasons: Collection[VisitReason], now: datetime) -> None:
        self.agendas = agendas
        self.zone = next(iter(agendas)).practice.zone
        policy = BookingPolicy.of(next(iter(agendas)).practice)
        self.today = timezone.localdate(now, self.zone)
        self.earliest = now + policy.notice
        self.horizon = policy.horizon_days
        self.buffers = {one.pk: timedelta(minutes=one.buffer_minutes) for one in agendas}
        self.lengths = {one.pk: timedelta(minutes=one.duration_minutes) for one in reasons}
        self.weeks = weeks_of(agendas)
        self.waiting = _pairs(agendas, self.lengths)
        self.found: dict[Pair, datetime] = {}
        self.candidates_left = MOST_CANDIDATES

    def look(self, first: int, end: int) -> None:
        """Look through these days from today, the last excluded."""
        days = [self.today + timedelta(days=offset) for offset in range(first, min(end, self.horizon + 1))]
        if not days:
            return
        reach = max(self.buffers.values())
        start = datetime.combine(days[0], time.min, self.zone) - reach
        until = datetime.combine(days[-1] + timedelta(days=1), time.min, self.zone) + reach
        blocked = occupied(self.agendas, start, until)
        taken = {pk: Taken([*blocked.booked[pk], *blocked.held[pk], *blocked.absent[pk]]) for pk in blocked.booked}
        closed = {pk: Taken(spans) for pk, spans in blocked.closed.items()}
        for day in days:
            for agenda, reason in sorted(self.waiting):
                spans = openings_on(day, self.weeks[agenda].on(day.weekday(), reason), self.zone)
                length, buffer = self.lengths[reason], self.buffers[agenda]
                slots = slots_within(spans, length, taken=taken[agenda], closed=closed[agenda], buffer=buffer)
                for slot, is_free in slots:
                    self.candidates_left -= 1
                    if is_free and slot >= self.earliest:
                        self.found[agenda, reason] = slot.astimezone(self.zone)
                        self.waiting.discard((agenda, reason))
                        break
            if self.candidates_left <= 0:
                return


def _pairs(agendas: Collection[Agenda], reasons: Collection[uuid.UUID]) -> set[Pair]:
    through = VisitReason.agendas.through.objects.filter(
        agenda__in=[one.pk for one in agendas], visitreason__in=list(reasons)
    )
    return set(through.values_list("agenda", "visitreason"))


def week_in_common(agendas: Collection[Agenda]) -> Iterator[tuple[int, list[tuple[time, time]]]]:
    """When at least one of these agendas is open, by weekday; only days with hours. 00:00 as an end is midnight."""
    monday = date(2024, 1, 1)
    hours = OpeningHours.objects.filter(agenda__in=[one.pk for one in agendas])
    by_day: dict[int, list[Span]] = defaultdict(list)
    for one in hours:
        ends_on = monday + timedelta(days=1) if one.closes_at == time(0) else monday
        by_day[one.weekday].append((datetime.combine(monday, one.opens_at), datetime.combine(ends_on, one.closes_at)))
    for weekday in sorted(by_day):
        yield weekday, [(start.time(), end.time()) for start, end in merged(by_day[weekday])]
