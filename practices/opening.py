"""To whom a practice opens its online booking."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from audit.trail import record
from practices.models import BookingOpenTo, Practice
from practices.roles import require_administrator


@transaction.atomic
def open_booking_to(*, practice: Practice, whom: BookingOpenTo, by: User) -> None:
    """Everybody, known patients only, or nobody; booked appointments stay. appointments/who_may_book.py enforces it.
    Raises NotAllowed."""
    practice = Practice.objects.select_for_update(of=("self",), no_key=True).get(pk=practice.pk)
    require_administrator(by, practice)
    before = practice.booking_open_to
    if before == whom:
        return
    practice.booking_open_to = whom
    practice.save(update_fields=["booking_open_to"])
    detail = {"open_to": whom.value, "open_to_before": str(before)}
    record("practice.booking_opening_changed", by=by, on=practice, practice=practice, detail=detail)
