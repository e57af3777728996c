"""Free slots of an agenda: opening hours minus absences, closings, appointments and breaks between them."""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone

from appointments.models import (
    Absence,
    Agenda,
    Appointment,
    AppointmentKind,
    AppointmentStatus,
    BookingPolicy,
    Closing,
    SlotHold,
    VisitReason,
)
from appointments.openings import Span, openings
from appointments.places import ways
from practices.models import BookingOpenTo, Practice

STEP = 5  # minutes; times proposed to staff are multiples
USUAL_HOURS = (time(9), time(18))
LONGEST_STAY = timedelta(hours=8)  # the longest appointment (appointments/models/agenda.py)


@dataclass(frozen=True)
class Slot:
    """In the practice's time zone."""

    start: datetime
    end: datetime


def open_to_online_booking(agenda: Agenda, visit_reason: VisitReason, kind: AppointmentKind | None = None) -> bool:
    """Whether this can be booked online there (with this kind)."""
    return (
        agenda.is_active
        and agenda.books_online
        and visit_reason.is_active
        and visit_reason.books_online
        and visit_reason.agendas.all().contains(agenda)
        and (kind is None or kind in ways(agenda, visit_reason))
    )


def books_online(practice: Practice) -> bool:
    """Whether anything at the practice can be booked online, at any time."""
    if practice.takes_bookings_of == BookingOpenTo.NOBODY:
        return False
    reasons = VisitReason.objects.filter(practice=practice, is_active=True, books_online=True)
    return reasons.filter(
        agendas__is_active=True, agendas__books_online=True, agendas__opening_hours__isnull=False
    ).exists()


def free_slots(
    *,
    agenda: Agenda,
    visit_reason: VisitReason,
    first: date,
    last: date,
    now: datetime | None = None,
    moving: Appointment | None = None,
    hold: uuid.UUID | None = None,
) -> list[Slot]:
    """Every free slot from the day `first` to the day `last`, both included, without duplicates, in time order; none
    while the practice is suspended.

    Slots follow one another from the start of each opening, each as long as the reason; they do not overlap.
    `moving`: an appointment whose own time counts as free; `hold`: the visitor's own SlotHold, likewise.
    """
    if agenda.practice.is_suspended:
        return []
    zone = agenda.practice.zone
    policy = BookingPolicy.of(agenda.practice)
    now = now or timezone.now()
    last = min(last, timezone.localdate(now, zone) + timedelta(days=policy.horizon_days))
    if last < first:
        return []
    window = (datetime.combine(first, time.min, zone), datetime.combine(last + timedelta(days=1), time.min, zone))
    buffer = timedelta(minutes=agenda.buffer_minutes)
    taken = Taken(list(_occupied(agenda, window[0] - buffer, window[1] + buffer, moving=moving, hold=hold)))
    closed = Taken(list(Closing.objects.over(agenda, *window).values_list("starts_at", "ends_at")))
    length = timedelta(minutes=visit_reason.duration_minutes)
    slots = []
    spans = openings(agenda, first, last, visit_reason=visit_reason)
    for start, free in slots_within(spans, length, taken=taken, closed=closed, buffer=buffer):
        if free and start >= now + policy.notice:
            slots.append(Slot(start.astimezone(zone), (start + length).astimezone(zone)))
    return slots


def slots_within(
    spans: Iterable[Span], length: timedelta, *, taken: Taken, closed: Taken, buffer: timedelta
) -> Iterator[tuple[datetime, bool]]:
    """The start of each slot of these openings, and whether it is free."""
    for opens_at, closes_at in spans:
        start = opens_at
        while start + length <= closes_at:
            free = taken.is_free(start - buffer, start + length + buffer) and closed.is_free(start, start + length)
            yield start, free
            start += length


def is_free(
    *,
    agenda: Agenda,
    visit_reason: VisitReason,
    starts_at: datetime,
    moving: Appointment | None = None,
    hold: uuid.UUID | None = None,
) -> bool:
    """Whether a free slot begins at this time."""
    day = timezone.localdate(starts_at, agenda.practice.zone)
    slots = free_slots(agenda=agenda, visit_reason=visit_reason, first=day, last=day, moving=moving, hold=hold)
    return any(slot.start == starts_at for slot in slots)


def next_free(*, agenda: Agenda, visit_reason: VisitReason, after: datetime, count: int = 3) -> list[Slot]:
    """The next free slots within two weeks after a time."""
    day = timezone.localdate(after, agenda.practice.zone)
    slots = free_slots(agenda=agenda, visit_reason=visit_reason, first=day, last=day + timedelta(days=14))
    later = [slot for slot in slots if slot.start >= after]
    return (later or slots)[:count]


def rounded_up(moment: datetime) -> datetime:
    """In UTC, up to the next multiple of five minutes, which is one in every time zone."""
    whole = moment.astimezone(UTC).replace(second=0, microsecond=0)
    whole += timedelta(minutes=(-whole.minute) % STEP)
    return whole if whole >= moment else whole + timedelta(minutes=STEP)


def _occupied(
    agenda: Agenda, start: datetime, end: datetime, *, moving: Appointment | None, hold: uuid.UUID | None = None
) -> Iterator[tuple[datetime, datetime]]:
    booked = Appointment.objects.filter(
        agenda=agenda,
        status=AppointmentStatus.BOOKED,
        starts_at__gt=start - LONGEST_STAY,
        starts_at__lt=end + LONGEST_STAY,
    )
    if moving is not None:
        booked = booked.exclude(pk=moving.pk)
    yield from booked.values_list("starts_at", "ends_at")
    held = SlotHold.objects.live().filter(agenda=agenda, starts_at__lt=end, ends_at__gt=start)
    if hold is not None:
        held = held.exclude(pk=hold)
    yield from held.values_list("starts_at", "ends_at")
    absences = Absence.objects.filter(agenda=agenda, starts_at__lt=end, ends_at__gt=start)
    yield from absences.values_list("starts_at", "ends_at")


class Taken:
    """Taken times, merged, so that one search answers for a slot."""

    def __init__(self, spans: list[tuple[datetime, datetime]]) -> None:
        self._starts: list[datetime] = []
        self._ends: list[datetime] = []
        for start, end in sorted(spans):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def is_free(self, start: datetime, end: datetime) -> bool:
        index = bisect_right(self._starts, start) - 1
        if index >= 0 and self._ends[index] > start:
            return False
        return index + 1 >= len(self._starts) or self._starts[index + 1] >= end
