"""The free times that staff are offered: open, not taken, not held, not closed, never past, from the start of each
gap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

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
from appointments.slots import rounded_up
from appointments.staff_times import first_free, free_days, free_times
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


# --- The first one, in worlds made by chance, by a minute hand ---------------------------------------------------

FIVE = timedelta(minutes=5)
CHANGES = [date(2026, 3, 28), date(2026, 10, 24), date(2026, 3, 7), date(2026, 12, 30)]  # clocks, or the year


@dataclass
class World:
    """Agendas with hours and with none, and what is taken in each."""

    chance: Random
    zone: ZoneInfo
    first: date
    hours: dict[Agenda, list[tuple[int, time, time]]]
    taken: dict[Agenda, list[tuple[datetime, datetime]]]

    def span(self) -> tuple[datetime, datetime]:
        begins = self.moment()
        return begins, begins + timedelta(minutes=self.chance.choice([7, 30, 120, 300, 450]))

    def moment(self) -> datetime:
        midnight = datetime.combine(self.first, time.min, self.zone).astimezone(UTC)
        return midnight + timedelta(minutes=self.chance.randrange(-600, 3 * 24 * 60))

    def is_open(self, agenda: Agenda, moment: datetime) -> bool:
        local = moment.astimezone(self.zone)
        hours = self.hours[agenda] or [(local.weekday(), time(9), time(18))]
        of_day = [(opens, closes) for weekday, opens, closes in hours if weekday == local.weekday()]
        return any(
            opens <= local.time() and (closes == time.min or local.time() < closes) for opens, closes in of_day
        )

    def is_free(self, agenda: Agenda, start: datetime, minutes: int) -> bool:
        every = [start + timedelta(minutes=number) for number in range(minutes)]
        return (
            all(self.is_open(agenda, one) for one in every)
            and start.astimezone(self.zone).date() == every[-1].astimezone(self.zone).date()
            and not any(
                begins < every[-1] + timedelta(minutes=1) and start < ends for begins, ends in self.taken[agenda]
            )
        )


def _fill(world: World, patient: Patient, reason: VisitReason) -> None:
    chance = world.chance
    for agenda in world.hours:
        practice = agenda.practice
        for _ in range(chance.choice([0, 1, 4, 7])):
            hours = chance.randrange(7), time(chance.choice([0, 5, 8, 9])), time(chance.choice([10, 12, 20, 0]))
            world.hours[agenda].append(hours)
            made = OpeningHours.objects.create(agenda=agenda, weekday=hours[0], opens_at=hours[1], closes_at=hours[2])
            if chance.random() < 0.3:
                made.visit_reasons.add(reason)  # staff may book others there
        for _ in range(chance.randrange(5)):
            (begins, ends), status = world.span(), chance.choice(["booked", "booked", "cancelled"])
            Appointment.objects.create(
                practice=practice, agenda=agenda, patient=patient, visit_reason=reason, status=status,
                starts_at=begins, ends_at=ends,
            )  # fmt: skip
            world.taken[agenda] += [(begins, ends)] if status == "booked" else []
        for _ in range(chance.randrange(2)):
            begins, ends = world.span()
            Absence.objects.create(agenda=agenda, starts_at=begins, ends_at=ends)
            world.taken[agenda].append((begins, ends))
        for live in (True, True, True, False):
            begins, ends = world.span()
            SlotHold.objects.create(
                agenda=agenda, visit_reason=reason, kind=AppointmentKind.IN_PERSON, starts_at=begins, ends_at=ends,
                expires_at=timezone.now() + timedelta(hours=1 if live else -1), for_undo=chance.random() < 0.5,
            )  # fmt: skip
            world.taken[agenda] += [(begins, ends)] if live else []
    for closed in (list(world.hours), [next(iter(world.hours))]):
        begins, ends = world.span()
        whole = len(closed) == len(world.hours)
        closing = Closing.objects.create(
            practice=practice, reason="Pont", starts_at=begins, ends_at=ends, whole_practice=whole
        )
        closing.agendas.set([] if whole else closed)
        for agenda in closed:
            world.taken[agenda].append((begins, ends))


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/Miquelon", "Pacific/Noumea"])
@pytest.mark.parametrize("seed", range(8))
def test_the_first_free_time_is_the_one_that_a_minute_hand_finds(
    seed: int, zone: str, agenda: Agenda, visit_reason: VisitReason, marie: Patient
) -> None:
    practice = agenda.practice
    practice.time_zone = zone
    practice.save()
    other = Agenda.objects.create(practice=practice, name="Infirmière")
    agendas = list(Agenda.objects.filter(pk__in=[agenda.pk, other.pk]).select_related("practice"))
    chance = Random(seed)
    world = World(
        chance,
        practice.zone,
        CHANGES[seed % len(CHANGES)],
        {one: [] for one in agendas},
        {one: [] for one in agendas},
    )
    _fill(world, marie, visit_reason)
    for _ in range(20):
        minutes = {one: chance.choice([5, 20, 45, 180]) for one in agendas}
        after = world.moment() + timedelta(seconds=chance.choice([0, 1, 59]), microseconds=chance.choice([0, 1]))
        last = world.first + timedelta(days=chance.choice([-1, 0, 1, 2, 6]))
        end = datetime.combine(last + timedelta(days=1), time.min, practice.zone).astimezone(UTC)
        start = rounded_up(after)
        while start < end and not any(world.is_free(one, start, enough) for one, enough in minutes.items()):
            start += FIVE
        found = first_free(minutes, after=after, last=last)
        assert found == (start if start < end else None)
        assert found is None or found.tzinfo == practice.zone
