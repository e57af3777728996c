"""A calendar that moves everything at once: nothing moves before an administrator says so."""

from __future__ import annotations

import pytest

from accounts.models import User
from appointments.models import Appointment
from audit.models import AuditEvent
from imports.held_moves import are_many
from imports.models import CalendarItem, CalendarSubscription
from imports.subscriptions import OtherCancellations, cancel_held, held_items, keep_held, shown
from tests.imports.calendar_server import CalendarServer, event
from tests.imports.conftest import in_days, read, starts

pytestmark = pytest.mark.django_db
BEFORE = [in_days(3), in_days(5)]
AFTER = [in_days(3, hour=8), in_days(5, hour=8)]


@pytest.fixture
def shifted(subscription: CalendarSubscription, server: CalendarServer) -> CalendarSubscription:
    """Both appointments an hour earlier, as by a server with a wrong clock."""
    server.show(event("one", AFTER[0]), event("two", AFTER[1]))
    return read(subscription)


def test_a_shifted_calendar_moves_nothing_before_staff_say_so(shifted: CalendarSubscription, carol: User) -> None:
    read(shifted)
    assert starts() == BEFORE
    assert shifted.held_at is not None
    held = held_items(shifted)
    assert [one.moves_to for one in held] == AFTER
    assert AuditEvent.objects.filter(action="calendar.held").count() == 1
    assert cancel_held(subscription=shifted, answers=shown(held), by=carol) == 2
    assert read(shifted).held_at is None
    assert starts() == AFTER
    read(shifted)
    assert not CalendarItem.objects.exclude(moves_to=None).exists()


def test_what_staff_keep_stays_until_its_event_changes_again(
    shifted: CalendarSubscription, server: CalendarServer, carol: User
) -> None:
    held = held_items(shifted)
    assert keep_held(subscription=shifted, answers=shown(held), by=carol) == 2
    for _ in range(2):
        read(shifted)
    assert starts() == BEFORE
    assert shifted.held_at is None
    server.show(event("one", AFTER[0]), event("two", in_days(6)))
    read(shifted)
    assert starts() == [BEFORE[0], in_days(6)]


def test_a_calendar_that_comes_back_needs_no_answer(
    shifted: CalendarSubscription, server: CalendarServer, carol: User
) -> None:
    seen = shown(held_items(shifted))
    server.show(event("one", in_days(4)), event("two", in_days(6)))
    read(shifted)
    assert [one.moves_to for one in held_items(shifted)] == [in_days(4), in_days(6)]
    with pytest.raises(OtherCancellations):  # the page showed other times
        cancel_held(subscription=shifted, answers=seen, by=carol)
    server.show(event("one", BEFORE[0]), event("two", BEFORE[1]))
    read(shifted)
    assert held_items(shifted) == []
    assert shifted.held_at is None
    assert starts() == BEFORE


def test_a_single_move_and_a_moved_series_are_followed_at_once(
    subscription: CalendarSubscription, server: CalendarServer
) -> None:
    weekly = ["RRULE:FREQ=WEEKLY;COUNT=4"]
    server.show(event("one", BEFORE[0]), event("two", BEFORE[1]), event("weekly", in_days(6), more=weekly))
    read(subscription)
    server.show(event("one", BEFORE[0]), event("two", BEFORE[1]), event("weekly", in_days(6, hour=15), more=weekly))
    read(subscription)
    assert held_items(subscription) == []
    assert Appointment.objects.filter(starts_at=in_days(6, hour=15)).exists()


def test_a_few_moves_of_a_small_calendar_are_followed_at_once(
    subscription: CalendarSubscription, server: CalendarServer
) -> None:
    stays = event("third", in_days(7))
    server.show(event("one", BEFORE[0]), event("two", BEFORE[1]), stays)
    read(subscription)
    server.show(event("one", AFTER[0]), event("two", AFTER[1]), stays)
    read(subscription)
    assert starts() == [*AFTER, in_days(7)]
    assert subscription.held_at is None
    server.show(event("one", BEFORE[0]), event("two", BEFORE[1]), event("third", in_days(8)))
    read(subscription)
    assert starts() == [*AFTER, in_days(7)]
    assert len(held_items(subscription)) == 3


def test_how_many_are_many() -> None:
    held = {(count, of) for of in range(13) for count in range(of + 1) if are_many(count, of)}
    fewest = {of: min(count for count, those in held if those == of) for of in range(2, 13)}
    assert fewest == {2: 2, 3: 3, 4: 3, 5: 3, 6: 4, 7: 4, 8: 5, 9: 5, 10: 5, 11: 5, 12: 5}
    assert not {(count, of) for count, of in held if of < 2}
