"""What a whole reading of a calendar does not contain any more, or calls cancelled.

A missing event is cancelled after two whole readings without it. If nothing stands in the calendar, or far fewer
events than before, nothing is cancelled before an administrator says so: an emptied or exchanged calendar looks like
a day of cancellations.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from appointments.following import cancel_followed
from appointments.models import Appointment, AppointmentStatus
from audit.trail import record
from imports.calendar_reading import Calendar
from imports.held_moves import are_many, is_waiting
from imports.models import CalendarItem, CalendarSubscription, ItemState

READINGS = 2  # without an event before it is cancelled
FORGOTTEN = timedelta(days=30)  # after its date, an event that is in the calendar no more


def settle_absences(subscription: CalendarSubscription, calendar: Calendar, now: datetime) -> bool:
    """In the transaction that ends a reading, with the subscription locked. Returns whether it cancelled anything."""
    items = list(subscription.items.select_for_update(of=("self",)).select_related("appointment"))
    followed = [one for one in items if _is_ahead(one, now)]
    gone, ended_here = [], []
    for item in items:
        if item.key in calendar.standing:
            item.missing, item.is_held = 0, is_waiting(item)
            continue
        item.moves_to, item.may_move = None, None
        if item.series in calendar.unclear or item.state in (ItemState.KEPT, ItemState.GONE):
            continue
        if not _stands(item):
            ended_here.append(item)
        elif item.key in calendar.cancelled:
            item.missing = READINGS
            gone.append(item)
        elif _is_ahead(item, now):
            item.missing = min(item.missing + 1, READINGS)
            gone.append(item)
    if _is_far_fewer(followed, gone, calendar):
        for item in gone:
            item.is_held = True
    elif not calendar.is_empty:
        _note_ended_here(ended_here, calendar)
    done = [item for item in gone if item.missing >= READINGS and not item.is_held]
    for item in done:
        cancel_absent(subscription, item)
    CalendarItem.objects.bulk_update(items, ["missing", "is_held", "state", "moves_to", "may_move"], batch_size=500)
    _hold(subscription, items, now)
    _forget(subscription, calendar, now)
    return bool(done)


def cancel_absent(subscription: CalendarSubscription, item: CalendarItem) -> None:
    """Sets the state of the item, which the caller saves."""
    item.state, item.is_held = ItemState.GONE, False
    if item.appointment is not None and cancel_followed(appointment=item.appointment, by=subscription.made_by):
        note_followed(subscription, item.appointment, "cancelled")


def note_followed(subscription: CalendarSubscription, appointment: Appointment, did: str) -> None:
    """Beside the line of what was done: that nobody did it by hand."""
    record(
        "appointment.followed_calendar",
        by=subscription.made_by,
        on=appointment,
        practice=subscription.practice_id,
        within=appointment,
        detail={"did": did, "calendar": str(subscription.pk)},
    )


def _note_ended_here(items: Collection[CalendarItem], calendar: Calendar) -> None:
    """Cancelled or deleted by staff, and now gone from the calendar, too: if such an event comes back, it is new."""
    for item in items:
        item.missing = READINGS if item.key in calendar.cancelled else min(item.missing + 1, READINGS)
        if item.missing >= READINGS:
            item.state = ItemState.GONE


def _is_far_fewer(followed: Collection[CalendarItem], gone: Collection[CalendarItem], calendar: Calendar) -> bool:
    """Nothing left; or many of those to come."""
    if calendar.is_empty and any(item.key not in calendar.cancelled for item in gone):
        return True
    return are_many(len(gone), len(followed))


def _hold(subscription: CalendarSubscription, items: Collection[CalendarItem], now: datetime) -> None:
    held = sum(item.is_held for item in items)
    if held and subscription.held_at is None:
        subscription.held_at = now
        record("calendar.held", by=None, on=subscription, practice=subscription.practice_id, detail={"held": held})
    elif not held:
        subscription.held_at = None


def _forget(subscription: CalendarSubscription, calendar: Calendar, now: datetime) -> None:
    """Rows that never made an appointment, and those of long ago, unless the calendar still has them."""
    absent = subscription.items.exclude(key__in=calendar.standing)
    never = (ItemState.NEW, ItemState.SAME, ItemState.ALIKE, ItemState.REFUSED)
    absent.filter(state__in=never, appointment=None).delete()
    absent.filter(starts_at__lt=now - FORGOTTEN).delete()


def _stands(item: CalendarItem) -> bool:
    return item.appointment is not None and item.appointment.status == AppointmentStatus.BOOKED


def _is_ahead(item: CalendarItem, now: datetime) -> bool:
    followed = item.state == ItemState.FOLLOWED and item.appointment is not None and _stands(item)
    return followed and item.appointment is not None and item.appointment.starts_at > now
