"""Free slots: opening hours minus everything that takes time, in the practice's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest

from accounts.models import User
from appointments.booking import book
from appointments.cancelling import cancel
from appointments.models import Absence, Agenda, BookingPolicy, OpeningHours, VisitReason
from appointments.slots import free_slots
from patients.models import Patient
from tests.appointments.conftest import at


def starts(agenda: Agenda, reason: VisitReason, day: date, now: datetime | None = None) -> list[str]:
    slots = free_slots(agenda=agenda, visit_reason=reason, first=day, last=day, now=now)
    return [f"{slot.start:%H:%M}" for slot in slots]


def test_slots_follow_one_another_and_end_within_opening_hours(
    open_agenda: Agenda, visit_reason: VisitReason, next_week: date
) -> None:
    found = starts(open_agenda, visit_reason, next_week)
    assert found == [f"{hour:02}:{minute:02}" for hour in (9, 10, 11) for minute in (0, 20, 40)]
    visit_reason.duration_minutes = 50
    assert starts(open_agenda, visit_reason, next_week) == ["09:00", "09:50", "10:40"]


def test_what_is_booked_is_not_free_and_what_is_cancelled_is_again(
    open_agenda: Agenda, visit_reason: VisitReason, next_week: date, marie: Patient, alice: User
) -> None:
    made = book(
        agenda=open_agenda,
        visit_reason=visit_reason,
        patient=marie,
        starts_at=at(open_agenda, next_week, 9, 50),
        by=alice,
    )
    found = starts(open_agenda, visit_reason, next_week)
    assert "09:40" not in found
    assert "10:00" not in found
    assert {"09:20", "10:20"} <= set(found)
    cancel(appointment=made, by=alice)
    assert len(starts(open_agenda, visit_reason, next_week)) == 9


def test_time_between_appointments_is_kept(
    open_agenda: Agenda, visit_reason: VisitReason, next_week: date, marie: Patient, alice: User
) -> None:
    open_agenda.buffer_minutes = 10
    open_agenda.save()
    book(
        agenda=open_agenda,
        visit_reason=visit_reason,
        patient=marie,
        starts_at=at(open_agenda, next_week, 10),
        by=alice,
    )
    found = starts(open_agenda, visit_reason, next_week)
    assert "09:40" not in found
    assert "10:20" not in found
    assert {"09:20", "10:40"} <= set(found)


def test_absences_are_not_free(open_agenda: Agenda, visit_reason: VisitReason, next_week: date) -> None:
    Absence.objects.create(
        agenda=open_agenda, starts_at=at(open_agenda, next_week, 8), ends_at=at(open_agenda, next_week, 11, 30)
    )
    assert starts(open_agenda, visit_reason, next_week) == ["11:40"]


def test_the_practices_limits_hold(open_agenda: Agenda, visit_reason: VisitReason, next_week: date) -> None:
    now = at(open_agenda, next_week, 9, 10)
    assert starts(open_agenda, visit_reason, next_week, now)[0] == "11:20"  # at least two hours ahead, by default
    BookingPolicy.objects.create(practice=open_agenda.practice, notice_minutes=30, horizon_days=3)
    assert starts(open_agenda, visit_reason, next_week, now)[0] == "09:40"
    assert starts(open_agenda, visit_reason, next_week + timedelta(days=3), now)
    assert starts(open_agenda, visit_reason, next_week + timedelta(days=4), now) == []


def test_the_day_when_summer_time_ends_has_its_hours_on_the_clock_of_the_practice(
    open_agenda: Agenda, visit_reason: VisitReason
) -> None:
    """The last Sunday of October: 02:30 occurs twice, and an agenda open through the night has one more hour."""
    day = date(2027, 10, 31)
    open_agenda.opening_hours.all().delete()
    OpeningHours.objects.create(agenda=open_agenda, weekday=6, opens_at=time(1), closes_at=time(4))
    now = datetime(2027, 10, 30, 0, 0, tzinfo=UTC)
    slots = free_slots(agenda=open_agenda, visit_reason=visit_reason, first=day, last=day, now=now)
    assert len(slots) == 12  # four hours with three slots each
    assert all(slot.end.astimezone(UTC) - slot.start.astimezone(UTC) == timedelta(minutes=20) for slot in slots)
    moments = [slot.start.astimezone(UTC) for slot in slots]
    assert all(later - earlier == timedelta(minutes=20) for earlier, later in pairwise(moments))
    assert [f"{slot.start:%H:%M}" for slot in slots].count("02:20") == 2


@pytest.mark.parametrize("zone", ["America/Martinique", "Pacific/Noumea"])
def test_a_practice_overseas_opens_by_its_own_clock(
    open_agenda: Agenda, visit_reason: VisitReason, next_week: date, zone: str
) -> None:
    open_agenda.practice.time_zone = zone
    open_agenda.practice.save()
    slots = free_slots(agenda=open_agenda, visit_reason=visit_reason, first=next_week, last=next_week)
    assert slots[0].start.hour == 9
    assert slots[0].start.utcoffset() == datetime.combine(next_week, time(9), open_agenda.practice.zone).utcoffset()


def test_an_agenda_without_hours_has_no_slot(agenda: Agenda, visit_reason: VisitReason, next_week: date) -> None:
    assert free_slots(agenda=agenda, visit_reason=visit_reason, first=next_week, last=next_week) == []
