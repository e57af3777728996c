"""Times of several agendas that cannot be booked, and their weekly hours: read once for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, time
from itertools import groupby
from operator import itemgetter
from typing import Any, Protocol
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from appointments.models import Absence, Agenda, Appointment, AppointmentStatus, Closing, OpeningHours, SlotHold
from appointments.openings import MomentsOfDay, Span
from appointments.slots import LONGEST_STAY
from schema.composed import composed_once

Spans = dict[UUID, list[Span]]  # by agenda
SPAN = ("agenda", "starts_at", "ends_at")


class Booked(Protocol):
    """An appointment, or what a page has read of it."""

    @property
    def agenda_id(self) -> UUID: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def status(self) -> str: ...


@dataclass(frozen=True)
class Occupied:
    """Appointments, slots that somebody holds, absences, and closings (of the practice or of the agenda)."""

    booked: Spans
    held: Spans
    absent: Spans
    closed: Spans

    def every(self, agenda: UUID) -> list[Span]:
        return [*self.booked[agenda], *self.held[agenda], *self.absent[agenda], *self.closed[agenda]]


@dataclass
class Week:
    """The hours of one agenda: by weekday, each with the reasons that it is kept for (none: all)."""

    hours: dict[int, list[tuple[time, time, frozenset[UUID]]]] = field(default_factory=lambda: defaultdict(list))

    def on(self, weekday: int, reason: UUID | None = None) -> MomentsOfDay:
        """`reason`: leaves out hours that are kept for others; None: all hours."""
        return [
            (start, end)
            for start, end, reasons in self.hours[weekday]
            if not reasons or not reason or reason in reasons
        ]


def occupied(
    agendas: Collection[Agenda],
    start: datetime,
    end: datetime,
    *,
    booked: Iterable[Booked] | None = None,
    closings: Iterable[Closing] | None = None,
    may_come_back: bool = False,
) -> Occupied:
    """Of agendas of one practice, in this time. `booked`, `closings`: if the caller has read them; closings with
    their agendas prefetched. `may_come_back`: `held` includes the time of appointments that can be put back by
    undoing."""
    ids = tuple(one.pk for one in agendas)
    if booked is None:
        taken = _by_agenda(ids, _booked(ids, start, end, start - LONGEST_STAY))
    else:
        stay = (one for one in booked if one.status == AppointmentStatus.BOOKED)
        taken = _by_agenda(ids, ((one.agenda_id, one.starts_at, one.ends_at) for one in stay))
    if closings is None:
        closings = _closings(next(iter(agendas)).practice_id, start, end)
    shut = [(agenda.pk, one.starts_at, one.ends_at) for one in closings for agenda in agendas if one.closes(agenda)]
    held, absent = _held(ids, start, end, timezone.now(), may_come_back), _absent(ids, start, end)
    return Occupied(taken, _by_agenda(ids, held), _by_agenda(ids, absent), _by_agenda(ids, shut))


def weeks_of(agendas: Collection[Agenda]) -> dict[UUID, Week]:
    weeks: dict[UUID, Week] = defaultdict(Week)
    for _pk, rows in groupby(_hours(tuple(one.pk for one in agendas)), key=itemgetter(0)):
        (_pk, agenda, weekday, opens_at, closes_at, reason), *others = rows
        reasons = frozenset(one for one in (reason, *(row[-1] for row in others)) if one)
        weeks[agenda].hours[weekday].append((opens_at, closes_at, reasons))
    return weeks


@composed_once
def _hours(agendas: tuple[UUID, ...]) -> QuerySet[Any, Any]:
    """A row for each reason that hours are kept for; one without a reason for the others."""
    hours = OpeningHours.objects.filter(agenda__in=agendas).order_by("weekday", "opens_at", "id")
    return hours.values_list("id", "agenda", "weekday", "opens_at", "closes_at", "visit_reasons")


@composed_once
def _booked(agendas: tuple[UUID, ...], start: datetime, end: datetime, earliest: datetime) -> QuerySet[Any, Any]:
    """`earliest`: when those may begin that have not ended at `start`."""
    booked = Appointment.objects.filter(agenda__in=agendas, status=AppointmentStatus.BOOKED)
    meanwhile = booked.filter(starts_at__lt=end, ends_at__gt=start, starts_at__gt=earliest)
    return meanwhile.order_by().values_list(*SPAN)


@composed_once
def _closings(practice: UUID, start: datetime, end: datetime) -> QuerySet[Closing]:
    meanwhile = Closing.objects.filter(practice=practice, starts_at__lt=end, ends_at__gt=start)
    return meanwhile.prefetch_related("agendas")


@composed_once
def _held(
    agendas: tuple[UUID, ...], start: datetime, end: datetime, now: datetime, may_come_back: bool
) -> QuerySet[Any, Any]:
    held = SlotHold.objects.live(now).filter(agenda__in=agendas, starts_at__lt=end, ends_at__gt=start)
    return (held if may_come_back else held.filter(for_undo=False)).values_list(*SPAN)


@composed_once
def _absent(agendas: tuple[UUID, ...], start: datetime, end: datetime) -> QuerySet[Any, Any]:
    absent = Absence.objects.filter(agenda__in=agendas, starts_at__lt=end, ends_at__gt=start)
    return absent.order_by().values_list(*SPAN)


def _by_agenda(ids: Collection[UUID], rows: Iterable[tuple[UUID, datetime, datetime]]) -> Spans:
    spans: Spans = {pk: [] for pk in ids}
    for agenda, start, end in rows:
        if agenda in spans:
            spans[agenda].append((start, end))
    return spans
