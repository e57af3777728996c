"""Whatever a calendar and staff do one after the other, the agenda is what a simple oracle says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from appointments.cancelling import cancel
from appointments.models import Appointment, AppointmentStatus
from appointments.moving import move
from imports.models import CalendarSubscription
from patients.models import Patient
from practices.models import Practice
from tests.imports.calendar_server import CalendarServer, event
from tests.imports.conftest import in_days, read

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
NAMES = ("Anne", "Bruno", "Chloé", "David")
CANCELLED = -1


@dataclass
class Expected:
    """One event, as the rules say. Days; None: no appointment. `said`: what the calendar said last."""

    appointment: int | None = None
    said: int | None = None
    missing: int = 0
    is_gone: bool = False

    def read(self, says: int | None) -> None:
        if says == CANCELLED or (says is None and self.missing == 1):
            if self.said is not None:
                self.appointment, self.is_gone = None, True
        elif says is None:
            self.missing += self.said is not None and not self.is_gone
            return
        elif self.said is None or self.is_gone or says != self.said:
            self.appointment, self.said, self.is_gone = says, says, False
        self.missing = 0


@dataclass
class Step:
    """`says`: what the calendar says of some events from now on: a day, CANCELLED, or None for absent. `staff`: what
    staff do before the reading: an event, and a day or CANCELLED."""

    says: dict[str, int | None] = field(default_factory=dict)
    staff: tuple[str, int] | None = None


days = st.integers(2, 12)
steps = st.builds(
    Step,
    says=st.dictionaries(st.sampled_from(NAMES), st.one_of(days, st.just(CANCELLED), st.none()), max_size=3),
    staff=st.one_of(st.none(), st.tuples(st.sampled_from(NAMES), st.one_of(st.integers(40, 50), st.just(CANCELLED)))),
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(sequence=st.lists(steps, min_size=1, max_size=6))
def test_the_agenda_is_what_the_oracle_says(
    stage: tuple[CalendarSubscription, dict[str, Patient]],
    server: CalendarServer,
    alice: User,
    sequence: list[Step],
) -> None:
    subscription, people = stage
    with transaction.atomic():
        says: dict[str, int | None] = {}
        expected = {name: Expected() for name in NAMES}
        for step in sequence:
            if step.staff is not None:
                staff_do(*step.staff, people, expected, alice)
            says |= step.says
            server.show(*FILLERS, *events_of(says))
            read(subscription)
            assert subscription.last_error == ""
            for name in NAMES:
                expected[name].read(says.get(name))
            assert agenda_of(people) == {
                name: in_days(one.appointment) for name, one in expected.items() if one.appointment is not None
            }
        transaction.set_rollback(True)


# Enough others that nothing is held: see imports.absences.
FILLERS = [event(f"filler {number}", in_days(100 + number)) for number in range(12)]


@pytest.fixture
def stage(
    subscription: CalendarSubscription, server: CalendarServer, practice: Practice
) -> tuple[CalendarSubscription, dict[str, Patient]]:
    server.show(event("one", in_days(3)), event("two", in_days(5)), *FILLERS)
    read(subscription)
    server.show(*FILLERS)
    read(subscription)
    read(subscription)
    people = {
        name: Patient.objects.create(
            practice=practice, first_name=name, last_name="Martin", birth_date=date(1970, 1, 1 + number)
        )
        for number, name in enumerate(NAMES)
    }
    return subscription, people


def staff_do(name: str, what: int, people: dict[str, Patient], expected: dict[str, Expected], by: User) -> None:
    appointment = Appointment.objects.filter(patient=people[name], status=AppointmentStatus.BOOKED).first()
    if appointment is None:
        return
    if what == CANCELLED:
        cancel(appointment=appointment, by=by)
        expected[name].appointment = None
    else:
        move(appointment=appointment, starts_at=in_days(what), by=by)
        expected[name].appointment = what


def events_of(says: dict[str, int | None]) -> list[str]:
    found = []
    for name, day in says.items():
        who = f"MARTIN {name} {1 + NAMES.index(name):02}/01/1970"
        if day == CANCELLED:
            found.append(event(name, in_days(3), who, more=["STATUS:CANCELLED"]))
        elif day is not None:
            found.append(event(name, in_days(day), who))
    return found


def agenda_of(people: dict[str, Patient]) -> dict[str, datetime]:
    names = {patient.pk: name for name, patient in people.items()}
    standing = Appointment.objects.filter(status=AppointmentStatus.BOOKED, patient__in=people.values())
    rows = [(names[one.patient_id], one.starts_at) for one in standing]
    assert len(rows) == len(dict(rows)), "two appointments for one event"
    return dict(rows)
