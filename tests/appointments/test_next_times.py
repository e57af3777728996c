"""The next free time of each agenda and reason: the same as the page of slots shows, in a bounded number of
statements."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from appointments import next_times as module
from appointments.booking import book
from appointments.models import (
    Absence,
    Agenda,
    AppointmentKind,
    BookingPolicy,
    Closing,
    OpeningHours,
    SlotHold,
    VisitReason,
)
from appointments.next_times import next_times, week_in_common
from appointments.slots import free_slots, slots_within
from patients.models import Patient
from practices.models import Practice
from tests.appointments.conftest import at

pytestmark = pytest.mark.django_db


def by_slots(agenda: Agenda, reason: VisitReason) -> datetime | None:
    today = timezone.localdate(timezone=agenda.practice.zone)
    slots = free_slots(agenda=agenda, visit_reason=reason, first=today, last=today + timedelta(days=27))
    return slots[0].start if slots else None


@pytest.fixture
def many(practice: Practice) -> tuple[list[Agenda], list[VisitReason]]:
    """Twenty agendas with ten reasons each."""
    reasons = [
        VisitReason.objects.create(practice=practice, name=f"Motif {number}", duration_minutes=10 + 5 * number)
        for number in range(10)
    ]
    agendas = []
    for number in range(20):
        agenda = Agenda.objects.create(practice=practice, name=f"Agenda {number}", buffer_minutes=5 * (number % 3))
        agendas.append(agenda)
        for weekday in range(7):
            OpeningHours.objects.create(
                agenda=agenda, weekday=weekday, opens_at=time(8 + number % 4), closes_at=time(12)
            )
        for reason in reasons:
            reason.agendas.add(agenda)
    return agendas, reasons


def test_it_is_what_the_page_of_slots_begins_with(
    many: tuple[list[Agenda], list[VisitReason]], marie: Patient, bob: User, carol: User
) -> None:
    agendas, reasons = many
    today = timezone.localdate()
    for day in range(4):
        Absence.objects.create(
            agenda=agendas[0],
            starts_at=at(agendas[0], today + timedelta(days=day), 8),
            ends_at=at(agendas[0], today + timedelta(days=day), 11),
        )
        book(
            agenda=agendas[1], visit_reason=reasons[3], patient=marie, by=bob,
            starts_at=at(agendas[1], today + timedelta(days=day), 9, 25),
        )  # fmt: skip
        SlotHold.objects.create(
            agenda=agendas[2], visit_reason=reasons[0], kind=AppointmentKind.IN_PERSON,
            starts_at=at(agendas[2], today + timedelta(days=day), 10),
            ends_at=at(agendas[2], today + timedelta(days=day), 11, 50),
            expires_at=timezone.now() + timedelta(minutes=5),
        )  # fmt: skip
    closing = Closing.objects.create(
        practice=agendas[0].practice, whole_practice=False, reason="Travaux",
        starts_at=at(agendas[3], today, 0), ends_at=at(agendas[3], today + timedelta(days=9), 10),
    )  # fmt: skip
    closing.agendas.add(agendas[3])
    agendas[4].opening_hours.all()[0].visit_reasons.add(reasons[0])
    agendas[5].opening_hours.all().delete()
    found = next_times(agendas, reasons)
    for agenda, reason in product(agendas, reasons):
        assert found.get((agenda.pk, reason.pk)) == by_slots(agenda, reason), (agenda.name, reason.name)
    assert not any(agenda == agendas[5].pk for agenda, _reason in found)
    assert found[agendas[3].pk, reasons[0].pk].date() >= today + timedelta(days=9)


def statements(agendas: list[Agenda], reasons: list[VisitReason]) -> int:
    with CaptureQueriesContext(connection) as asked:
        next_times(agendas, reasons)
    return len(asked)


def test_twenty_agendas_cost_as_many_statements_as_one(many: tuple[list[Agenda], list[VisitReason]]) -> None:
    agendas, reasons = many
    assert statements(agendas, reasons) == statements(agendas[:1], reasons[:1]) <= 9


def test_nothing_free_reads_the_later_weeks_once(many: tuple[list[Agenda], list[VisitReason]]) -> None:
    agendas, reasons = many
    today = timezone.localdate()
    Closing.objects.create(
        practice=agendas[0].practice, reason="Congés",
        starts_at=at(agendas[0], today, 0), ends_at=at(agendas[0], today + timedelta(days=90), 0),
    )  # fmt: skip
    assert statements(agendas, reasons) <= 15
    assert next_times(agendas, reasons) == {}


def test_the_work_is_bounded(many: tuple[list[Agenda], list[VisitReason]], monkeypatch: pytest.MonkeyPatch) -> None:
    agendas, reasons = many
    looked: list[Any] = []
    within = slots_within

    def counted(*args: Any, **kwargs: Any) -> Any:
        for slot in within(*args, **kwargs):
            looked.append(slot)
            yield slot

    monkeypatch.setattr(module, "slots_within", counted)
    monkeypatch.setattr(module, "MOST_CANDIDATES", 500)
    Closing.objects.create(
        practice=agendas[0].practice, reason="Congés", starts_at=at(agendas[0], timezone.localdate(), 0),
        ends_at=at(agendas[0], timezone.localdate() + timedelta(days=90), 0),
    )  # fmt: skip
    next_times(agendas, reasons)
    a_day = 20 * 10 * 24
    assert 500 <= len(looked) <= 500 + a_day


def test_no_slot_beyond_what_the_practice_accepts(open_agenda: Agenda, visit_reason: VisitReason) -> None:
    BookingPolicy.objects.create(practice=open_agenda.practice, horizon_days=2)
    Absence.objects.create(
        agenda=open_agenda,
        starts_at=at(open_agenda, timezone.localdate(), 0),
        ends_at=at(open_agenda, timezone.localdate() + timedelta(days=3), 0),
    )
    assert next_times([open_agenda], [visit_reason]) == {}
    assert next_times([], []) == {}


def test_common_hours_join_those_of_all_agendas(practice: Practice) -> None:
    one, other = (Agenda.objects.create(practice=practice, name=name) for name in "AB")
    for agenda, opens, closes in ((one, 9, 12), (other, 11, 13), (other, 22, 0)):
        OpeningHours.objects.create(agenda=agenda, weekday=1, opens_at=time(opens), closes_at=time(closes))
    assert list(week_in_common([one, other])) == [(1, [(time(9), time(13)), (time(22), time(0))])]


def test_a_day_on_which_the_clock_changes(open_agenda: Agenda, visit_reason: VisitReason) -> None:
    now = datetime.combine(date(2027, 3, 28), time(0, 30), open_agenda.practice.zone)
    found = next_times([open_agenda], [visit_reason], now=now)
    assert found[open_agenda.pk, visit_reason.pk].isoformat() == "2027-03-28T09:00:00+02:00"
