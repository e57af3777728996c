"""The free times that staff are offered: open, not taken, not held, not closed, never past, from the start of each
gap."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import timezone

from appointments.models import (
    Absence,
    Agenda,
    Appointment,
    AppointmentKind,
    Closing,
    OpeningHours,
    SlotHold,
    VisitReason,
)
from appointments.staff_times import free_days, free_times
from patients.models import Patient
from tests.appointments.conftest import at

pytestmark = pytest.mark.django_db
TUESDAY = date(2026, 12, 1)
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def clocks(agenda: Agenda, reason: VisitReason, day: date = TUESDAY, now: datetime = NOW) -> list[str]:
    return [f"{one:%H:%M}" for one in free_times(agenda, reason, [day], now=now)[day]]


@pytest.fixture
def morning(agenda: Agenda, visit_reason: VisitReason) -> Agenda:
    """Nine to ten, every day; the reason lasts twenty minutes."""
    for weekday in range(7):
        OpeningHours.objects.create(agenda=agenda, weekday=weekday, opens_at=time(9), closes_at=time(10))
    return Agenda.objects.select_related("practice").get(pk=agenda.pk)


def test_what_is_taken_held_absent_or_closed_is_not_offered(
    morning: Agenda, visit_reason: VisitReason, marie: Patient, book_for: Callable[..., Appointment]
) -> None:
    assert clocks(morning, visit_reason) == ["09:00", "09:20", "09:40"]
    start, end = at(morning, TUESDAY, 9), at(morning, TUESDAY, 9, 10)
    span = {"starts_at": start, "ends_at": end}
    Absence.objects.create(agenda=morning, **span)
    assert clocks(morning, visit_reason) == ["09:10", "09:30"]  # from where the absence ends
    Absence.objects.all().delete()
    Closing.objects.create(practice=morning.practice, reason="Pont", **span)
    assert clocks(morning, visit_reason) == ["09:10", "09:30"]
    Closing.objects.all().delete()
    until = timezone.now() + timedelta(minutes=5)
    SlotHold.objects.create(
        agenda=morning, visit_reason=visit_reason, kind=AppointmentKind.IN_PERSON, expires_at=until, **span
    )
    assert clocks(morning, visit_reason) == ["09:10", "09:30"]
    SlotHold.objects.all().delete()
    made = book_for(marie, starts_at=start)
    assert clocks(morning, visit_reason) == ["09:20", "09:40"]
    Appointment.objects.filter(pk=made.pk).update(status="cancelled")
    assert clocks(morning, visit_reason) == ["09:00", "09:20", "09:40"]


def test_hours_kept_for_another_reason_are_not_offered(morning: Agenda, visit_reason: VisitReason) -> None:
    other = VisitReason.objects.create(practice=morning.practice, name="Autre", duration_minutes=20)
    morning.opening_hours.get(weekday=TUESDAY.weekday()).visit_reasons.set([other])
    assert clocks(morning, visit_reason) == []
    assert clocks(morning, other) == ["09:00", "09:20", "09:40"]


def test_the_past_is_not_offered_and_what_is_left_of_today_is(morning: Agenda, visit_reason: VisitReason) -> None:
    now = at(morning, TUESDAY, 9, 12)
    assert clocks(morning, visit_reason, now=now) == ["09:15", "09:35"]


@pytest.mark.parametrize("day", [date(2027, 3, 28), date(2026, 10, 25)], ids=["forward", "back"])
def test_a_day_when_clocks_change_keeps_its_hours(morning: Agenda, visit_reason: VisitReason, day: date) -> None:
    now = datetime(2026, 10, 1, tzinfo=UTC)
    assert clocks(morning, visit_reason, day, now) == ["09:00", "09:20", "09:40"]


def test_days_without_a_free_time_are_passed_over(morning: Agenda, visit_reason: VisitReason) -> None:
    ends_at = at(morning, TUESDAY + timedelta(days=20), 0)
    Closing.objects.create(
        practice=morning.practice, reason="Travaux", starts_at=at(morning, TUESDAY, 0), ends_at=ends_at
    )
    found = free_days(morning, visit_reason, first=TUESDAY, days=2, now=NOW)
    assert [one.day for one in found] == [TUESDAY + timedelta(days=20), TUESDAY + timedelta(days=21)]
    Closing.objects.update(ends_at=ends_at + timedelta(days=90))
    assert free_days(morning, visit_reason, first=TUESDAY, days=2, now=NOW) == []


def test_an_agenda_without_hours_is_offered_from_nine_to_six(agenda: Agenda, visit_reason: VisitReason) -> None:
    found = clocks(agenda, visit_reason)
    assert (found[0], found[-1]) == ("09:00", "17:40")
