"""A series that moves under its UID: its appointments and documents move with it, and patients hear of a move."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, AppointmentStatus
from appointments.reminders import send_due
from documents.models import Category
from documents.sharing.share import share_upload
from files.intake import Intake
from imports.models import CalendarItem, CalendarSubscription, ItemState
from notifications.models import Message, MessageState
from tests.imports.calendar_server import CalendarServer, event
from tests.imports.conftest import in_days, read, starts

pytestmark = pytest.mark.django_db
OTHERS = (event("one", in_days(3)), event("two", in_days(5)))


def weekly(at: datetime, rule: str = "FREQ=WEEKLY;COUNT=3", *more: str, who: str = "DURAND Marie 03/02/1941") -> str:
    return event("weekly", at, who, more=[f"RRULE:{rule}", *more])


@pytest.fixture
def series(subscription: CalendarSubscription, server: CalendarServer) -> CalendarSubscription:
    """Three dates followed, beside two other events."""
    server.show(*OTHERS, weekly(in_days(7)))
    read(subscription)
    assert starts()[2:] == [in_days(7), in_days(14), in_days(21)]
    return subscription


def kinds() -> set[str]:
    return set(Message.objects.exclude(state=MessageState.CALLED_OFF).values_list("kind", flat=True))


@pytest.mark.parametrize("moved", [in_days(7, hour=11), in_days(9), in_days(6), in_days(60)])
def test_a_moved_series_moves_its_appointments(
    series: CalendarSubscription, server: CalendarServer, moved: datetime
) -> None:
    before = list(Appointment.objects.order_by("starts_at").values_list("pk", flat=True))
    server.show(*OTHERS, weekly(moved))
    for _ in range(3):
        read(series)
    assert starts()[2:] == [moved, moved + timedelta(7), moved + timedelta(14)]
    assert list(Appointment.objects.order_by("starts_at").values_list("pk", flat=True)) == before
    assert not Message.objects.exists()


def test_documents_and_messages_follow_a_moved_series(
    series: CalendarSubscription,
    server: CalendarServer,
    receive: Callable[..., Intake],
    prescription: Category,
    bob: User,
) -> None:
    second = Appointment.objects.get(starts_at=in_days(14))
    document = share_upload(
        appointment=second, intake=receive(), category=prescription, title="Ordonnance", placement=None, by=bob
    )
    send_due(now=in_days(14) - timedelta(hours=47))
    Message.objects.all().update(state=MessageState.SENT, sent_at=timezone.now())
    Message.objects.exclude(kind="reminder").delete()
    assert kinds() == {"reminder"}
    server.show(*OTHERS, weekly(in_days(7, hour=11)))
    for _ in range(3):
        read(series)
    assert "moved" in kinds()
    assert "cancelled" not in kinds()
    document.refresh_from_db()
    assert (document.appointment.starts_at, document.appointment.status) == (
        in_days(14, hour=11),
        AppointmentStatus.BOOKED,
    )


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_series_moved_with_another_number_of_dates_keeps_the_nearest(
    series: CalendarSubscription, server: CalendarServer, count: int
) -> None:
    before = dict(Appointment.objects.values_list("pk", "starts_at"))
    server.show(*OTHERS, weekly(in_days(7, hour=11), f"FREQ=WEEKLY;COUNT={count}"))
    for _ in range(3):
        read(series)
    assert starts()[2:] == [in_days(7 + 7 * number, hour=11) for number in range(count)]
    for one in Appointment.objects.filter(pk__in=before, status=AppointmentStatus.BOOKED):
        assert one.starts_at - before[one.pk] in (timedelta(), timedelta(hours=2))


def test_a_date_that_comes_within_the_horizon_is_not_the_one_that_was_removed(
    subscription: CalendarSubscription, server: CalendarServer
) -> None:
    server.show(*OTHERS, weekly(in_days(7), "FREQ=WEEKLY"))
    read(subscription)
    last = starts()[-1]
    CalendarSubscription.objects.update(full_at=last - timedelta(days=367))
    Appointment.objects.filter(starts_at=last).delete()
    CalendarItem.objects.filter(starts_at=last).delete()
    server.show(*OTHERS, weekly(in_days(7), "FREQ=WEEKLY", f"EXDATE:{in_days(14):%Y%m%dT%H%M%SZ}"))
    second = Appointment.objects.get(starts_at=in_days(14))
    for _ in range(3):
        read(subscription)
    second.refresh_from_db()
    assert (second.starts_at, second.status) == (in_days(14), AppointmentStatus.CANCELLED)
    assert starts()[-1] == last


@pytest.mark.parametrize(
    "unclear",
    [
        [weekly(in_days(7)), weekly(in_days(8), "FREQ=WEEKLY;COUNT=3", "SEQUENCE:4")],
        [
            weekly(in_days(7)),
            weekly(in_days(7), who="GARNIER Paul 01/02/1977").replace("SUMMARY", "SEQUENCE:9\r\nSUMMARY"),
        ],
        [weekly(in_days(7), "FREQ=WEEKLY;INTERVAL=0")],
        [weekly(in_days(7), "FREQ=SECONDLY")],
    ],
    ids=["two times", "two patients", "never ends", "too frequent"],
)
def test_a_series_whose_dates_nobody_knows_changes_nothing_and_has_a_line(
    series: CalendarSubscription, server: CalendarServer, unclear: list[str]
) -> None:
    before = starts()
    server.show(*OTHERS, *unclear)
    for _ in range(3):
        read(series)
    assert starts() == before
    assert CalendarItem.objects.get(state=ItemState.REFUSED).sentence
    assert series.held_at is None


def test_a_series_twice_with_another_count_of_changes_is_one(
    series: CalendarSubscription, server: CalendarServer
) -> None:
    server.show(*OTHERS, weekly(in_days(7)), weekly(in_days(7), "FREQ=WEEKLY;COUNT=3", "SEQUENCE:4"))
    for _ in range(3):
        read(series)
    assert starts()[2:] == [in_days(7), in_days(14), in_days(21)]
    assert not CalendarItem.objects.filter(state=ItemState.REFUSED).exists()
