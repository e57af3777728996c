"""Holds the moves of a calendar if they are so many that a mistake in the other software is likelier.

A calendar whose clock is wrong by an hour, or that was exchanged, moves everything at once. Nothing of that happens
before an administrator says so, as with cancellations (imports/absences.py). The dates of one series count once:
whoever moves a series does one thing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from appointments.models import AppointmentStatus
from imports.calendar_reading import Calendar
from imports.models import CalendarItem, CalendarSubscription, ItemState
from imports.reading.events import Event


def hold_moves(subscription: CalendarSubscription, calendar: Calendar, now: datetime) -> None:
    """Mark the rows whose move waits for staff, and release those whose event is where it was. With the subscription
    locked, before anything is followed."""
    rows = subscription.items.select_for_update(of=("self",)).select_related("appointment")
    items = [one for one in rows.filter(state=ItemState.FOLLOWED) if _is_ahead(one, now) or one.moves_to]
    moved = [one for one in items if _is_moved(one, calendar.standing.get(one.key)) and _is_ahead(one, now)]
    still = {one.pk for one in moved}
    for item in items:
        event = calendar.standing.get(item.key)
        if item.moves_to is not None and (item.pk not in still or event is None or event.starts_at != item.moves_to):
            item.moves_to, item.may_move = None, None
            item.is_held = item.is_held and item.pk in still  # moved again, while it waits
    waiting = [one for one in moved if one.may_move is None]
    if are_many(_acts(waiting), _acts(one for one in items if _is_ahead(one, now))):
        for item in waiting:
            item.is_held = True
    for item in waiting:
        if item.is_held:
            item.moves_to = calendar.standing[item.key].starts_at
    CalendarItem.objects.bulk_update(items, ["moves_to", "may_move", "is_held"], batch_size=500)


def are_many(count: int, of: int) -> bool:
    """All of those to come, if they are two or more; or three and more than half; or five and more than a quarter.
    Two of three are an ordinary day of a small practice."""
    return (count >= 2 and count == of) or (count >= 3 and count * 2 > of) or (count >= 5 and count * 4 > of)


def is_waiting(item: CalendarItem) -> bool:
    """Whether it has a move that nobody has decided about."""
    return item.moves_to is not None and item.may_move is None


def _acts(items: Iterable[CalendarItem]) -> int:
    acts: Collection[str] = {item.series or item.key for item in items}
    return len(acts)


def _is_moved(item: CalendarItem, event: Event | None) -> bool:
    if event is None or event.fault or event.starts_at is None or item.starts_at is None:
        return False
    return event.starts_at != item.starts_at


def _is_ahead(item: CalendarItem, now: datetime) -> bool:
    one = item.appointment
    return one is not None and one.status == AppointmentStatus.BOOKED and one.starts_at > now
