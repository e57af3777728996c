"""The first reading of a calendar is undone as an import is, while nothing was shared from it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from appointments.models import Appointment
from appointments.moving import move
from audit.models import AuditEvent
from documents.models import Category
from documents.sharing.share import share_upload
from files.intake import Intake
from imports.models import CalendarItem, CalendarStage, CalendarSubscription
from imports.subscriptions import CalendarNotReady, switch_on
from imports.undoing import AlreadyShared
from imports.undoing_calendars import made_by_first_reading, undo_first_reading
from notifications.models import Message, MessageState
from practices.roles import NotAllowed
from tests.imports.calendar_server import CalendarServer, event
from tests.imports.conftest import in_days, read, starts

pytestmark = pytest.mark.django_db


def test_it_removes_what_it_made_and_can_be_switched_on_again(
    subscription: CalendarSubscription, server: CalendarServer, carol: User, bob: User
) -> None:
    server.show(event("one", in_days(3)), event("two", in_days(5)), event("later", in_days(9)))
    read(subscription)
    moved = Appointment.objects.get(starts_at=in_days(5))
    move(appointment=moved, starts_at=in_days(5, hour=14), by=carol)
    with pytest.raises(NotAllowed):
        undo_first_reading(subscription=subscription, by=bob)
    assert undo_first_reading(subscription=subscription, by=carol) == (1, 1)
    assert starts() == [in_days(5, hour=14), in_days(9)]  # changed here, and made by a later reading
    assert not Message.objects.filter(kind="cancelled").exclude(state=MessageState.CALLED_OFF).exists()
    with pytest.raises(CalendarNotReady):
        undo_first_reading(subscription=subscription, by=carol)
    assert read(subscription).stage == CalendarStage.CHECKED
    assert len(starts()) == 2
    switch_on(subscription=subscription, by=carol)
    read(subscription)
    assert starts() == [in_days(3), in_days(5, hour=14), in_days(9)]
    assert made_by_first_reading(subscription) == 1


def test_once_something_was_shared_it_stays(
    subscription: CalendarSubscription, receive: Callable[..., Intake], prescription: Category, carol: User, bob: User
) -> None:
    one = Appointment.objects.all()[0]
    share_upload(appointment=one, intake=receive(), category=prescription, title="Ordonnance", placement=None, by=bob)
    with pytest.raises(AlreadyShared):
        undo_first_reading(subscription=subscription, by=carol)
    assert len(starts()) == 2


def test_undoing_costs_as_many_statements_for_many_events_as_for_few(
    subscription: CalendarSubscription, server: CalendarServer, carol: User
) -> None:
    """Nothing is done one by one: a calendar has up to 20,000 events."""
    CalendarItem.objects.update(is_first=False)
    counts = []
    for days in (range(10, 12), range(20, 40)):
        server.show(
            event("one", in_days(3)), event("two", in_days(5)), *(event(f"{one}", in_days(one)) for one in days)
        )
        read(subscription)
        CalendarItem.objects.filter(starts_at__gt=in_days(9)).update(is_first=True)
        with CaptureQueriesContext(connection) as captured:
            assert undo_first_reading(subscription=subscription, by=carol) == (len(days), 0)
        counts.append(len(captured))
        CalendarSubscription.objects.update(stage=CalendarStage.ON)
        subscription.refresh_from_db()
    assert counts[0] == counts[1]
    assert starts() == [in_days(3), in_days(5)]
    assert AuditEvent.objects.filter(action="appointment.deleted").count() == 22
