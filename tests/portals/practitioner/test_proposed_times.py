"""The time that the page of a new appointment proposes: in the future, free, in the practice's time zone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, Appointment, Closing, OpeningHours, SlotHold, VisitReason
from patients.models import Patient
from practices.models import Practice
from tests.markup import one_line

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
NEW = "/pro/appointments/new/"
TUESDAY = date(2026, 12, 1)


@pytest.fixture(params=["Europe/Paris", "Pacific/Noumea", "America/Cayenne"])
def hours(request: pytest.FixtureRequest, practice: Practice, agenda: Agenda, visit_reason: VisitReason) -> Agenda:
    """Nine to noon, every day."""
    practice.time_zone = request.param
    practice.save()
    for weekday in range(7):
        OpeningHours.objects.create(agenda=agenda, weekday=weekday, opens_at=time(9), closes_at=time(12))
    return Agenda.objects.select_related("practice").get(pk=agenda.pk)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    def set_to(moment: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: moment.astimezone(UTC))

    return set_to


def at(agenda: Agenda, day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute, second), agenda.practice.zone)


def proposed(client: Client, query: str = "") -> str:
    found = re.search(r'name="starts_at" value="([^"]*)"', one_line(client.get(f"{NEW}{query}").content))
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("now", "query", "expected"),
    [
        ((8, 0), "", "2026-12-01T09:00"),
        ((9, 2), "", "2026-12-01T09:05"),
        ((9, 5), "", "2026-12-01T09:05"),
        ((11, 40), "", "2026-12-01T11:40"),
        ((11, 41), "", "2026-12-02T09:00"),  # twenty minutes no longer fit
        ((23, 59), "", "2026-12-02T09:00"),
        ((10, 0), "?start=2026-12-01", "2026-12-01T10:00"),  # today is open in the agenda
        ((10, 0), "?start=2026-12-04", "2026-12-04T09:00"),
        ((10, 0), "?start=2026-11-20", "2026-12-01T10:00"),  # a past day
        ((10, 0), "?start=2026-12-01T09:00", "2026-12-01T10:00"),  # a past hour
        ((10, 0), "?start=2026-12-04T15:10", "2026-12-04T15:10"),
        ((10, 0), "?start=9999-12-31T23:59", "2026-12-01T10:00"),
        ((10, 0), "?start=demain", "2026-12-01T10:00"),
    ],
)
def test_it_is_the_next_free_time(
    hours: Agenda,
    bob: User,
    sign_in: SignIn,
    clock: Callable[[datetime], None],
    now: tuple[int, int],
    query: str,
    expected: str,
) -> None:
    client = sign_in(bob)
    clock(at(hours, TUESDAY, *now))
    assert proposed(client, query) == expected


@pytest.mark.parametrize("query", ["", "?start=2026-12-02"])
def test_times_that_are_taken_or_closed_are_passed_over(
    hours: Agenda,
    bob: User,
    marie: Patient,
    visit_reason: VisitReason,
    sign_in: SignIn,
    clock: Callable[[datetime], None],
    query: str,
) -> None:
    client = sign_in(bob)
    clock(at(hours, TUESDAY, 20))
    start = at(hours, TUESDAY + timedelta(days=1), 9)
    facts: dict[str, Any] = {"practice": hours.practice, "agenda": hours, "visit_reason": visit_reason}
    Appointment.objects.create(patient=marie, starts_at=start, ends_at=start + timedelta(minutes=20), **facts)
    Appointment.objects.create(
        patient=marie, starts_at=start, ends_at=start + timedelta(hours=3), status="cancelled", **facts
    )
    closed = start + timedelta(minutes=35)
    Closing.objects.create(practice=hours.practice, starts_at=closed, ends_at=closed + timedelta(hours=1), reason="x")
    assert proposed(client, query) == "2026-12-02T10:35"


def test_neither_a_held_time_nor_one_that_may_come_back_is_proposed(
    hours: Agenda, bob: User, visit_reason: VisitReason, sign_in: SignIn, clock: Callable[[datetime], None]
) -> None:
    client = sign_in(bob)
    clock(at(hours, TUESDAY, 20))
    start = at(hours, TUESDAY + timedelta(days=1), 9)
    for minutes, for_undo in ((0, False), (20, True)):
        SlotHold.objects.create(
            agenda=hours, visit_reason=visit_reason, kind="in_person", for_undo=for_undo,
            starts_at=start + timedelta(minutes=minutes), ends_at=start + timedelta(minutes=minutes + 20),
            expires_at=timezone.now() + timedelta(minutes=10),
        )  # fmt: skip
    assert proposed(client) == "2026-12-02T09:40"


def test_a_day_without_a_free_time_is_proposed_all_the_same(
    hours: Agenda, bob: User, sign_in: SignIn, clock: Callable[[datetime], None]
) -> None:
    client = sign_in(bob)
    clock(at(hours, TUESDAY, 8))
    start = at(hours, TUESDAY, 0)
    Closing.objects.create(practice=hours.practice, starts_at=start, ends_at=start + timedelta(days=90), reason="x")
    assert proposed(client, "?start=2026-12-04") == "2026-12-04T09:00"
    assert proposed(client) == "2026-12-02T09:00"


def test_among_several_agendas_the_first_that_is_free(
    hours: Agenda,
    bob: User,
    marie: Patient,
    visit_reason: VisitReason,
    sign_in: SignIn,
    clock: Callable[[datetime], None],
) -> None:
    client = sign_in(bob)
    second = Agenda.objects.create(practice=hours.practice, name="Second")  # without hours: nine to six
    clock(at(hours, TUESDAY, 15, 1))
    assert proposed(client) == "2026-12-01T15:05"
    assert proposed(client, f"?agenda={hours.pk}") == "2026-12-02T09:00"
    assert proposed(client, f"?agenda={second.pk}") == "2026-12-01T15:05"
    assert proposed(client, "?agenda=x") == "2026-12-01T15:05"


def test_the_agenda_leads_to_its_own_day(hours: Agenda, bob: User, sign_in: SignIn) -> None:
    assert f'href="{NEW}?start=2026-12-04"' in sign_in(bob).get("/pro/?date=2026-12-04").content.decode()
