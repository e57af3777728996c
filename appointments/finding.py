"""One appointment as staff see it, with what every page about it shows."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from appointments.models import Appointment
from practices.models import Practice
from schema.composed import composed_once


def in_practices(practices: tuple[UUID, ...], pk: UUID) -> QuerySet[Appointment]:
    found = Appointment.objects.filter(practice__in=practices, pk=pk)
    return found.select_related("practice", "patient", "agenda", "visit_reason", "holder")


_found = composed_once(in_practices)


def found_by_staff(user: User, pk: UUID) -> Appointment | None:
    """None if it is of no practice where the user works."""
    return next(iter(_found(practices_of(user), pk)), None)


def practices_of(user: User) -> tuple[UUID, ...]:
    return tuple(Practice.objects.ids_of(user))
