"""What a practice still lacks before anything can be booked in it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from appointments.models import Agenda, VisitReason
from practices.models import Practice
from schema.composed import composed_once


def missing_to_book(practice: Practice) -> str:
    """ "agenda" or "reason" while the practice has none that is open; "" if it has both."""
    if not _any_agenda(practice.pk):
        return "agenda"
    return "" if _any_reason(practice.pk) else "reason"


@composed_once
def _any_agenda(practice: UUID) -> QuerySet[Any, UUID]:
    return Agenda.objects.filter(practice=practice, is_active=True).order_by().values_list("pk", flat=True)[:1]


@composed_once
def _any_reason(practice: UUID) -> QuerySet[Any, UUID]:
    return VisitReason.objects.filter(practice=practice, is_active=True).order_by().values_list("pk", flat=True)[:1]
