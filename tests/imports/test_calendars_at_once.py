"""Several workers at once read a calendar once, and make nothing twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditEvent
from imports.calendar_runs import run_due
from imports.models import CalendarSubscription
from tests.at_once import at_once
from tests.imports.calendar_server import CalendarServer, event
from tests.imports.conftest import in_days, starts

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS = 4


def test_workers_that_claim_at_once_read_once(subscription: CalendarSubscription, server: CalendarServer) -> None:
    server.show(*(event(f"many {number}", in_days(3 + number)) for number in range(30)))
    CalendarSubscription.objects.update(due_at=timezone.now())
    asked = len(server.asked)
    assert sum(at_once(lambda _number: run_due(), WORKERS)) == 1
    assert len(server.asked) == asked + 1
    assert starts() == [in_days(3 + number) for number in range(30)]


def test_a_worker_whose_lease_is_over_changes_nothing_beside_the_next(
    subscription: CalendarSubscription, server: CalendarServer
) -> None:
    """Its leases end while they read: each of them continues, and only the last may write."""
    server.show(*(event(f"many {number}", in_days(3 + number)) for number in range(30)))

    def late(number: int) -> bool:
        CalendarSubscription.objects.update(
            due_at=timezone.now(), lease_until=timezone.now() - timedelta(seconds=number + 1)
        )
        return run_due()

    at_once(late, WORKERS)
    CalendarSubscription.objects.update(due_at=timezone.now(), lease_until=None)
    run_due()
    assert starts() == [in_days(3 + number) for number in range(30)]
    booked = AuditEvent.objects.filter(action="appointment.booked")
    assert booked.count() == len(set(booked.values_list("object_id", flat=True))) == 30
