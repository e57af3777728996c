"""Free slots, one week on a page, as far ahead as the practice accepts bookings online."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from django.utils import timezone

from appointments.models import Agenda, Appointment, BookingPolicy, VisitReason
from appointments.slots import Slot, free_slots

WEEK = timedelta(days=7)
LOOKED_THROUGH = timedelta(days=60)  # searched at once for the next free slot


@dataclass(frozen=True)
class SlotWeek:
    """Days from `first` to `end`. `earlier`, `later`: the first days of the adjacent weeks, None if outside the
    bookable range. `next_free`: the next day with a free slot, if the week has none. `last`: the last bookable
    day."""

    first: date
    end: date
    days: list[tuple[date, list[Slot]]]
    earlier: date | None
    later: date | None
    next_free: date | None
    last: date


def slot_week(
    *, agenda: Agenda, visit_reason: VisitReason, first: date | None, moving: Appointment | None = None
) -> SlotWeek:
    """The seven days from `first`, or from today. `moving`: an appointment whose own slot counts as free."""
    today = timezone.localdate(timezone=agenda.practice.zone)
    last = today + timedelta(days=BookingPolicy.of(agenda.practice).horizon_days)
    first = min(max(first or today, today), last)

    def free(start: date, length: timedelta) -> list[Slot]:
        end = start + length - timedelta(days=1)
        slots = free_slots(agenda=agenda, visit_reason=visit_reason, first=start, last=end, moving=moving)
        return [slot for slot in slots if moving is None or slot.start != moving.starts_at]

    slots = free(first, WEEK)
    next_free, start = None, first + WEEK
    while not slots and next_free is None and start <= last:
        ahead = free(start, LOOKED_THROUGH)
        next_free = ahead[0].start.date() if ahead else None
        start += LOOKED_THROUGH
    return SlotWeek(
        first=first,
        end=min(first + WEEK - timedelta(days=1), last),
        days=[(day, list(of_day)) for day, of_day in groupby(slots, key=lambda slot: slot.start.date())],
        earlier=max(first - WEEK, today) if first > today else None,
        later=first + WEEK if first + WEEK <= last else None,
        next_free=next_free,
        last=last,
    )
