"""Opening hours of all kinds: each slot once, in time order; until midnight; in nights when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import User
from appointments.models import Agenda, Appointment, OpeningHours, VisitReason, Weekday
from appointments.opening_hours import (
    Hours,
    WeekChanged,
    booked_outside,
    check_week,
    faults_of_week,
    set_opening_hours,
    version_of,
    week_of,
)
from appointments.openings import merged, moment_on_clock
from appointments.slots import Slot, free_slots, is_free
from audit.models import AuditEvent
from patients.models import Patient
from practices.roles import NotAllowed
from tests.appointments.conftest import at
from tests.conftest import BookFixture

pytestmark = pytest.mark.django_db
MIDNIGHT = time(0)
DAY = date(2027, 3, 10)
ZONES = ["Europe/Paris", "America/Martinique", "Indian/Reunion", "Pacific/Noumea", "America/Miquelon", "UTC"]


def opened(agenda: Agenda, *hours: tuple[time, time], day: date = DAY) -> None:
    agenda.opening_hours.all().delete()
    for opens_at, closes_at in hours:
        OpeningHours.objects.create(agenda=agenda, weekday=day.weekday(), opens_at=opens_at, closes_at=closes_at)


def slots(agenda: Agenda, reason: VisitReason, first: date = DAY, last: date | None = None) -> list[Slot]:
    now = datetime.combine(first, time.min, UTC) - timedelta(days=3)
    return free_slots(agenda=agenda, visit_reason=reason, first=first, last=last or first, now=now)


def shown(found: list[Slot]) -> list[str]:
    return [f"{slot.start:%H:%M}" for slot in found]


SHAPES = {
    "twice the same": [(time(9), time(11)), (time(9), time(11))],
    "overlapping": [(time(9), time(10, 30)), (time(10), time(11))],
    "overlapping off the grid": [(time(9), time(10, 30)), (time(10, 10), time(11))],
    "one in the other": [(time(9), time(11)), (time(9, 30), time(10))],
    "adjoining": [(time(9), time(10)), (time(10), time(11))],
    "written in any order": [(time(10), time(11)), (time(9), time(10, 30))],
}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("hours", SHAPES.values(), ids=SHAPES.keys())
def test_the_same_time_written_in_any_way_gives_the_same_slots_once_in_order(
    agenda: Agenda, visit_reason: VisitReason, hours: list[tuple[time, time]], zone: str
) -> None:
    agenda.practice.time_zone = zone
    opened(agenda, *hours)
    assert shown(slots(agenda, visit_reason)) == ["09:00", "09:20", "09:40", "10:00", "10:20", "10:40"]


@settings(max_examples=60)
@given(
    hours=st.lists(st.tuples(st.integers(0, 1380), st.integers(1, 500)), min_size=1, max_size=6),
    length=st.integers(5, 120),
)
def test_no_slot_begins_before_another_ends_whatever_the_hours(hours: list[tuple[int, int]], length: int) -> None:
    start = datetime(2027, 3, 10, tzinfo=UTC)
    minute = timedelta(minutes=1)
    spans = merged((start + a * minute, start + min(a + b, 1440) * minute) for a, b in hours)
    assert all(one[1] < other[0] for one, other in pairwise(spans))
    for passed in range(0, 1440, 7):
        inside = any(a <= passed < min(a + b, 1440) for a, b in hours)
        assert any(one <= start + passed * minute < end for one, end in spans) is inside


def test_hours_kept_for_other_reasons_are_left_out(agenda: Agenda, visit_reason: VisitReason) -> None:
    other = VisitReason.objects.create(practice=agenda.practice, name="Vaccination", duration_minutes=20)
    other.agendas.add(agenda)
    opened(agenda, (time(9), time(10)), (time(14), time(15)))
    agenda.opening_hours.get(opens_at=time(14)).visit_reasons.add(other)
    assert shown(slots(agenda, visit_reason)) == ["09:00", "09:20", "09:40"]
    assert shown(slots(agenda, other)) == ["09:00", "09:20", "09:40", "14:00", "14:20", "14:40"]


@pytest.mark.parametrize("zone", ZONES)
def test_hours_to_midnight_end_with_the_day_and_the_next_begins_anew(
    agenda: Agenda, visit_reason: VisitReason, zone: str
) -> None:
    agenda.practice.time_zone = zone
    opened(agenda, (time(23), MIDNIGHT))
    next_day = DAY + timedelta(days=1)
    OpeningHours.objects.create(agenda=agenda, weekday=next_day.weekday(), opens_at=MIDNIGHT, closes_at=time(1))
    found = slots(agenda, visit_reason, DAY, next_day)
    assert shown(found) == ["23:00", "23:20", "23:40", "00:00", "00:20", "00:40"]
    assert [slot.start.date() for slot in found] == [DAY] * 3 + [next_day] * 3
    assert [slot.end for slot in found][2] == found[3].start


def test_what_is_free_does_not_depend_on_the_days_asked_for(agenda: Agenda, visit_reason: VisitReason) -> None:
    """50 minutes do not divide the night: the slots of the second day do not depend on the first day asked for."""
    agenda.opening_hours.all().delete()
    visit_reason.duration_minutes = 50
    day = date.today() + timedelta(days=7)
    for one in (day, day + timedelta(days=1)):
        OpeningHours.objects.create(agenda=agenda, weekday=one.weekday(), opens_at=MIDNIGHT, closes_at=MIDNIGHT)
    found = free_slots(agenda=agenda, visit_reason=visit_reason, first=day, last=day + timedelta(days=1))
    assert len(found) == 56
    assert all(is_free(agenda=agenda, visit_reason=visit_reason, starts_at=slot.start) for slot in found)


# Nights when clocks change: zone, day, hours, local time of each slot of 30 minutes.
NIGHTS = [
    ("Europe/Paris", date(2027, 3, 28), (time(1), time(4)), ["01:00", "01:30", "03:00", "03:30"]),
    ("Europe/Paris", date(2027, 3, 28), (time(2), time(3)), []),
    ("Europe/Paris", date(2027, 3, 28), (time(2, 15), time(2, 45)), []),
    ("Europe/Paris", date(2027, 3, 28), (time(2, 30), time(4)), ["03:00", "03:30"]),
    ("Europe/Paris", date(2027, 3, 28), (time(1), time(2, 30)), ["01:00", "01:30"]),
    (
        "Europe/Paris",
        date(2027, 10, 31),
        (time(1), time(4)),
        [*["01:00", "01:30"], *["02:00", "02:30"] * 2, "03:00", "03:30"],
    ),
    ("Europe/Paris", date(2027, 10, 31), (time(2), time(2, 30)), ["02:00"]),
    ("America/Miquelon", date(2027, 3, 14), (time(1), time(4)), ["01:00", "01:30", "03:00", "03:30"]),
    ("America/Miquelon", date(2027, 11, 7), (time(0), time(2)), ["00:00", "00:30", *["01:00", "01:30"] * 2]),
    ("America/Santiago", date(2027, 9, 5), (time(0), time(2)), ["01:00", "01:30"]),  # midnight is skipped
    ("Africa/Cairo", date(2027, 4, 30), (time(0), time(2)), ["01:00", "01:30"]),
    ("Australia/Lord_Howe", date(2027, 10, 3), (time(1), time(3)), ["01:00", "01:30", "02:30"]),  # half an hour
    ("Indian/Reunion", date(2027, 3, 28), (time(1), time(4)), ["01:00", "01:30", "02:00", "02:30", "03:00", "03:30"]),
]


@pytest.mark.parametrize(("zone", "day", "hours", "expected"), NIGHTS)
def test_on_the_night_when_clocks_change_slots_are_where_the_clock_shows_the_opening(
    agenda: Agenda, visit_reason: VisitReason, zone: str, day: date, hours: tuple[time, time], expected: list[str]
) -> None:
    agenda.practice.time_zone = zone
    visit_reason.duration_minutes = 30
    opened(agenda, hours, day=day)
    found = slots(agenda, visit_reason, day)
    assert shown(found) == expected
    assert all(one.end.astimezone(UTC) <= other.start.astimezone(UTC) for one, other in pairwise(found))


def test_a_time_that_the_clock_skips_is_the_moment_when_it_does() -> None:
    paris = ZoneInfo("Europe/Paris")
    for minute in (0, 1, 30, 59):
        assert moment_on_clock(date(2027, 3, 28), time(2, minute), paris) == datetime(2027, 3, 28, 1, tzinfo=UTC)


# --- What a week may hold -------------------------------------------------------------------------------------


def test_a_week_to_midnight_is_set_and_in_the_trail(agenda: Agenda, carol: User, visit_reason: VisitReason) -> None:
    hours = [Hours(Weekday.MONDAY, time(20), MIDNIGHT), Hours(Weekday.TUESDAY, MIDNIGHT, time(2), [visit_reason])]
    set_opening_hours(agenda=agenda, hours=hours, by=carol)
    assert [str(one) for one in agenda.opening_hours.all()] == ["lundi 20:00–24:00", "mardi 00:00–02:00"]
    assert AuditEvent.objects.filter(action="practice.opening_hours_changed", actor_id=carol.pk).count() == 1


@pytest.mark.parametrize(
    ("hours", "says"),
    [
        ([(0, time(9), time(12)), (0, time(11), time(14))], "09:00–12:00 et 11:00–14:00 se chevauchent"),
        ([(0, time(9), time(12)), (0, time(9), time(12))], "se chevauchent"),
        ([(0, time(9), MIDNIGHT), (0, time(20), time(21))], "09:00–24:00 et 20:00–21:00 se chevauchent"),
        ([(6, time(20), time(2))], "le lendemain à partir de 00:00"),
        ([(6, time(9), time(9))], "La fin doit être après le début"),
    ],
)
def test_a_week_that_cannot_be_is_refused_in_words_that_say_what_to_do(
    hours: list[tuple[int, time, time]], says: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        check_week(hours)
    assert says in " ".join(refused.value.messages)


def test_adjoining_hours_and_other_days_do_not_overlap() -> None:
    check_week([(0, time(9), time(12)), (0, time(12), MIDNIGHT), (1, MIDNIGHT, time(12)), (2, time(9), time(12))])


def test_a_week_that_is_refused_leaves_the_former_one(agenda: Agenda, carol: User) -> None:
    opened(agenda, (time(9), time(12)))
    bad = [Hours(Weekday.MONDAY, time(9), time(12)), Hours(Weekday.MONDAY, time(11), time(14))]
    with pytest.raises(ValidationError):
        set_opening_hours(agenda=agenda, hours=bad, by=carol)
    assert agenda.opening_hours.count() == 1


def test_only_an_administrator_sets_the_week(agenda: Agenda, alice: User) -> None:
    with pytest.raises(NotAllowed):
        set_opening_hours(agenda=agenda, hours=[], by=alice)


def test_hours_kept_for_a_reason_go_with_it_and_those_for_others_stay(
    agenda: Agenda, visit_reason: VisitReason
) -> None:
    other = VisitReason.objects.create(practice=agenda.practice, name="Vaccin", duration_minutes=20)
    other.agendas.add(agenda)
    opened(agenda, (time(9), time(10)), (time(10), time(11)), (time(14), time(15)))
    alone, shared, everybody = agenda.opening_hours.order_by("opens_at")
    alone.visit_reasons.add(other)
    shared.visit_reasons.add(other, visit_reason)
    other.delete()
    assert list(agenda.opening_hours.order_by("opens_at")) == [shared, everybody]
    assert shown(slots(agenda, visit_reason))[0] == "10:00"


def test_what_a_new_week_leaves_outside_is_returned_and_nothing_is_cancelled(
    agenda: Agenda, visit_reason: VisitReason, carol: User, book_for: BookFixture, marie: Patient
) -> None:
    day = next_monday(agenda)
    whole = [Hours(Weekday.MONDAY, time(9), MIDNIGHT)]
    assert set_opening_hours(agenda=agenda, hours=whole, by=carol) == []
    morning, evening = (book_for(marie, starts_at=at(agenda, day, hour)) for hour in (9, 23))
    tuesday = book_for(marie, starts_at=at(agenda, day + timedelta(days=1), 9))
    last = book_for(marie, starts_at=at(agenda, day, 23, 40))  # ends at midnight
    assert booked_outside(agenda, week_of(agenda)) == [tuesday]
    left = set_opening_hours(agenda=agenda, hours=[Hours(Weekday.MONDAY, time(9), time(12))], by=carol)
    assert left == [evening, last]  # Tuesday's was outside before
    assert booked_outside(agenda, week_of(agenda)) == [evening, last, tuesday]
    assert AuditEvent.objects.latest("id").detail == {"appointments": 2}
    other = VisitReason.objects.create(practice=agenda.practice, name="Vaccination")
    only = [Hours(Weekday.MONDAY, time(9), MIDNIGHT, [other])]
    assert set_opening_hours(agenda=agenda, hours=only, by=carol) == [morning]
    assert all(one.status == "booked" for one in Appointment.objects.all())


def test_a_week_that_somebody_changed_meanwhile_is_not_overwritten(agenda: Agenda, carol: User) -> None:
    seen = version_of(week_of(agenda))
    mine, theirs = ([Hours(Weekday.MONDAY, time(hour), time(12))] for hour in (8, 9))
    set_opening_hours(agenda=agenda, hours=theirs, by=carol, seen=seen)
    with pytest.raises(WeekChanged):
        set_opening_hours(agenda=agenda, hours=mine, by=carol, seen=seen)
    assert week_of(agenda) == theirs
    set_opening_hours(agenda=agenda, hours=mine, by=carol, seen=version_of(theirs))
    assert week_of(agenda) == mine


def test_the_same_week_again_is_no_change(agenda: Agenda, visit_reason: VisitReason, carol: User) -> None:
    week = [Hours(Weekday.MONDAY, time(9), time(12), [visit_reason])]
    for _twice in range(2):
        set_opening_hours(agenda=agenda, hours=week, by=carol)
    assert AuditEvent.objects.filter(action="practice.opening_hours_changed").count() == 1


def test_each_row_at_fault_is_named_by_its_number() -> None:
    nine, ten, noon, two = time(9), time(10), time(12), time(14)
    assert set(faults_of_week([(0, nine, noon), (0, ten, two), (1, nine, noon), (0, two, nine)])) == {1, 3}
    assert set(faults_of_week([(0, ten, noon), (0, nine, two)])) == {0}  # the later one
    assert set(faults_of_week([(0, nine, MIDNIGHT), (0, ten, noon), (0, noon, two)])) == {1, 2}
    assert faults_of_week([(0, nine, noon), (0, noon, two), (1, nine, noon)]) == {}


def next_monday(agenda: Agenda) -> date:
    today = timezone.localdate(timezone=agenda.practice.zone)
    return today + timedelta(days=7 - today.weekday())
