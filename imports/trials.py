"""The first reading of an address: it makes nothing, and compares the calendar with what an earlier address made."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F
from django.utils import timezone

from imports.calendar_reading import Calendar
from imports.models import CalendarItem, CalendarSubscription, ItemState


@dataclass(frozen=True)
class Compared:
    """Followed appointments to come: how many are in the new calendar, how many at another time, how many not."""

    there: int
    moved: int
    absent: int


def was_followed(item: CalendarItem) -> bool:
    return item.appointment_id is not None or item.starts_at is not None


def end_trial(subscription: CalendarSubscription, calendar: Calendar) -> None:
    """Remove the rows of an earlier trial, and note of those that were followed what the calendar says."""
    items = list(subscription.items.select_for_update(of=("self",)))
    never = [one.pk for one in items if not was_followed(one) and one.key not in calendar.standing]
    subscription.items.filter(pk__in=never).delete()
    followed = [one for one in items if was_followed(one)]
    for item in followed:
        event = calendar.standing.get(item.key)
        item.missing = 0 if event is not None else 1
        item.says_at = event.starts_at if event is not None else item.says_at
    CalendarItem.objects.bulk_update(followed, ["missing", "says_at"], batch_size=500)


def forget_comparison(subscription: CalendarSubscription) -> None:
    """Before it is followed: what was missing in the trial counts from the next reading on."""
    subscription.items.exclude(missing=0).update(missing=0)


def compared(subscription: CalendarSubscription) -> Compared:
    """As the last trial found it."""
    ahead = subscription.items.filter(
        state=ItemState.FOLLOWED, appointment__status="booked", appointment__starts_at__gt=timezone.now()
    )
    there = ahead.filter(missing=0)
    moved = there.exclude(says_at=F("starts_at")).count()
    return Compared(there.count() - moved, moved, ahead.exclude(missing=0).count())
