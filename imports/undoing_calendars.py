"""Undoes the first reading of a calendar that was switched on, while nothing was shared: as the import of a file."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from appointments.importing import remove_imported
from audit.trail import record
from imports.models import CalendarItem, CalendarStage, CalendarSubscription, ItemState
from imports.subscriptions import CalendarNotReady, locked_calendar, start_worker
from imports.undoing import AlreadyShared, changed_since, is_shared

BATCH = 500  # events whose appointments go at once


def made_by_first_reading(subscription: CalendarSubscription) -> int:
    """How many appointments exist because of it."""
    return _made(subscription).count()


@transaction.atomic
def undo_first_reading(*, subscription: CalendarSubscription, by: User) -> tuple[int, int]:
    """Delete the appointments that it made, without a message, but those that somebody changed since; the calendar is
    checked and not switched on again. Returns how many went, and how many stay.

    Raises AlreadyShared, CalendarNotReady, NotAllowed.
    """
    one = locked_calendar(subscription, by)
    items = list(_made(one).select_for_update(of=("self",)).select_related("appointment"))
    if one.stage != CalendarStage.ON or not items:
        raise CalendarNotReady
    if is_shared(Q(appointment__in=_made(one).values("appointment"))):
        raise AlreadyShared
    made = sum(_undo(items[start : start + BATCH], by) for start in range(0, len(items), BATCH))
    CalendarItem.objects.filter(subscription=one).update(is_first=False, is_held=False, moves_to=None, may_move=None)
    one.stage, one.lease_until, one.followed_since, one.held_at = CalendarStage.CHECKING, None, None, None
    one.due_at = timezone.now()
    one.save(update_fields=["stage", "lease_until", "followed_since", "held_at", "due_at"])
    transaction.on_commit(start_worker)
    facts = {"made": made, "left": len(items) - made}
    record("calendar.first_reading_undone", by=by, on=one, practice=one.practice_id, detail=facts)
    return facts["made"], facts["left"]


def _undo(items: list[CalendarItem], by: User) -> int:
    """Of one batch; returns how many went."""
    changed = changed_since({item.appointment_id for item in items if item.appointment_id is not None})
    gone = [item for item in items if item.appointment_id not in changed]
    CalendarItem.objects.filter(pk__in=[item.pk for item in gone]).delete()
    remove_imported(appointments=[item.appointment for item in gone if item.appointment is not None], by=by)
    return len(gone)


def _made(subscription: CalendarSubscription) -> QuerySet[CalendarItem]:
    return subscription.items.filter(is_first=True, appointment__isnull=False, state=ItemState.FOLLOWED)
