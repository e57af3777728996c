"""What is missing from a calendar: cancelled after two whole readings, and held if far fewer events stand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.models import User
from appointments.cancelling import cancel
from appointments.models import Appointment, AppointmentStatus
from audit.models import AuditEvent
from documents.models import Category
from documents.sharing.access import visible_as_staff
from documents.sharing.share import share_upload
from files.intake import Intake
from imports.models import CalendarItem, CalendarSubscription, ItemState
from imports.subscriptions import OtherCancellations, cancel_held, held_items, keep_held, shown
from tests.imports.calendar_server import CalendarServer, event
from tests.imports.conftest import in_days, read, starts

pytestmark = pytest.mark.django_db


def many(count: int, first: int = 0) -> list[str]:
    return [event(f"many {number}", in_days(20 + number)) for number in range(first, count)]


@pytest.fixture
def twelve(subscription: CalendarSubscription, server: CalendarServer) -> CalendarSubscription:
    """Followed with twelve appointments."""
    server.show(event("one", in_days(3)), event("two", in_days(5)), *many(10))
    read(subscription)
    assert len(starts()) == 12
    return subscription


def test_one_that_disappears_is_cancelled_after_two_whole_readings(
    twelve: CalendarSubscription, server: CalendarServer
) -> None:
    server.etag = '"same"'
    server.show(event("two", in_days(5)), *many(10))
    read(twelve)
    assert len(starts()) == 12
    read(twelve)
    assert starts()[0] == in_days(5)
    assert "if-none-match" not in server.asked[-1]  # the second reading was whole, too
    assert twelve.held_at is None


def test_one_that_comes_back_before_the_second_reading_stays(
    twelve: CalendarSubscription, server: CalendarServer
) -> None:
    whole = server.body
    for _ in range(3):
        server.show(event("two", in_days(5)), *many(10))
        read(twelve)
        server.body = whole
        read(twelve)
    assert len(starts()) == 12
    assert not Appointment.objects.filter(status=AppointmentStatus.CANCELLED).exists()


@pytest.mark.parametrize("left", [[], [event("new", in_days(90))], many(4)], ids=["empty", "exchanged", "most gone"])
def test_an_emptied_calendar_cancels_nothing_before_staff_say_so(
    twelve: CalendarSubscription, server: CalendarServer, carol: User, left: list[str]
) -> None:
    server.show(*left)
    for _ in range(4):
        read(twelve)
    assert not Appointment.objects.filter(status=AppointmentStatus.CANCELLED).exists()
    held = held_items(twelve)
    assert len(held) == 12 - len([one for one in left if "many" in one])
    assert twelve.held_at is not None
    assert AuditEvent.objects.filter(action="calendar.held").count() == 1
    assert cancel_held(subscription=twelve, answers=shown(held), by=carol) == len(held)
    read(twelve)
    assert Appointment.objects.filter(status=AppointmentStatus.CANCELLED).count() == len(held)
    assert twelve.held_at is None


def test_cancellations_that_the_calendar_names_itself_are_held_if_they_are_many(
    twelve: CalendarSubscription, server: CalendarServer
) -> None:
    cancelled = [one.replace("END:VEVENT", "STATUS:CANCELLED\r\nEND:VEVENT") for one in many(8)]
    server.show(event("one", in_days(3)), event("two", in_days(5)), *cancelled, *many(10, first=8))
    read(twelve)
    assert len(starts()) == 12
    assert len(held_items(twelve)) == 8


def test_a_calendar_that_comes_back_needs_no_answer(twelve: CalendarSubscription, server: CalendarServer) -> None:
    whole = server.body
    server.show()
    read(twelve)
    server.body = whole
    read(twelve)
    assert twelve.held_at is None
    assert held_items(twelve) == []
    assert len(starts()) == 12


def test_more_new_events_do_not_release_what_is_held(twelve: CalendarSubscription, server: CalendarServer) -> None:
    server.show()
    read(twelve)
    server.show(*(event(f"new {number}", in_days(100 + number)) for number in range(60)))
    read(twelve)
    read(twelve)
    assert len(held_items(twelve)) == 12
    assert len(starts()) == 72


def test_what_staff_keep_is_theirs_until_its_event_comes_back(
    twelve: CalendarSubscription, server: CalendarServer, carol: User
) -> None:
    whole = server.body
    server.show()
    read(twelve)
    keep_held(subscription=twelve, answers=shown(held_items(twelve)), by=carol)
    for _ in range(3):
        read(twelve)
    assert len(starts()) == 12
    assert twelve.held_at is None
    server.body = whole.replace(f"{in_days(3):%Y%m%dT%H%M%SZ}".encode(), f"{in_days(4):%Y%m%dT%H%M%SZ}".encode())
    server.body = server.body.replace(
        f"{in_days(3) + timedelta(minutes=20):%Y%m%dT%H%M%SZ}".encode(),
        f"{in_days(4) + timedelta(minutes=20):%Y%m%dT%H%M%SZ}".encode(),
    )
    read(twelve)
    assert starts()[0] == in_days(4)
    assert set(CalendarItem.objects.values_list("state", flat=True)) == {ItemState.FOLLOWED}


def test_an_answer_about_another_list_is_refused(
    twelve: CalendarSubscription, server: CalendarServer, carol: User
) -> None:
    whole = server.body
    server.show()
    read(twelve)
    seen = shown(held_items(twelve))
    server.body = whole.replace(b"UID:one", b"UID:other")
    read(twelve)
    with pytest.raises(OtherCancellations):
        cancel_held(subscription=twelve, answers=seen, by=carol)
    assert len(starts()) == 12


def test_one_cancelled_here_is_not_made_again_by_a_calendar_that_was_empty_for_a_day(
    twelve: CalendarSubscription, server: CalendarServer, alice: User
) -> None:
    cancel(appointment=Appointment.objects.get(starts_at=in_days(3)), by=alice)
    whole = server.body
    server.show()
    for _ in range(3):
        read(twelve)
    server.body = whole
    read(twelve)
    assert in_days(3) not in starts()


def test_documents_stay_with_a_cancelled_appointment(
    subscription: CalendarSubscription,
    server: CalendarServer,
    receive: Callable[..., Intake],
    prescription: Category,
    bob: User,
) -> None:
    appointment = Appointment.objects.get(starts_at=in_days(3))
    document = share_upload(
        appointment=appointment, intake=receive(), category=prescription, title="Ordonnance", placement=None, by=bob
    )
    server.show(event("one", in_days(3), more=["STATUS:CANCELLED"]), event("two", in_days(5)))
    read(subscription)
    document.refresh_from_db()
    assert document.appointment.status == AppointmentStatus.CANCELLED
    assert visible_as_staff(bob).filter(pk=document.pk).exists()
