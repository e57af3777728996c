"""What is free on several agendas: open, not closed, not taken; as booking finds it, by a fixed number of queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from appointments.free_time import days_of_agendas, without
from appointments.models import Absence, Agenda, Appointment, Closing, OpeningHours, SlotHold, VisitReason
from appointments.openings import Span, merged
from patients.models import Patient
from practices.models import Practice

TUESDAY = date(2026, 12, 1)
Moments = Callable[..., datetime]


@pytest.fixture(params=["Europe/Paris", "Indian/Reunion", "America/Cayenne"])
def at(request: pytest.FixtureRequest, practice: Practice, agenda: Agenda) -> Moments:
    """A moment of that Tuesday on the practice's clock. The agenda is open from nine to noon."""
    practice.time_zone = request.param
    practice.save()
    OpeningHours.objects.create(agenda=agenda, weekday=1, opens_at=time(9), closes_at=time(12))
    return lambda hour, minute=0: datetime.combine(TUESDAY, time(hour, minute), practice.zone)


def free(agenda: Agenda, booked: list[Appointment] | None = None) -> list[tuple[str, str]]:
    """Free spans of that day, on the practice's clock."""
    agenda = Agenda.objects.select_related("practice").get(pk=agenda.pk)
    closings = list(Closing.objects.filter(practice=agenda.practice).prefetch_related("agendas"))
    day = days_of_agendas([agenda], TUESDAY, TUESDAY, booked=booked or [], closings=closings)[agenda.pk]
    zone = agenda.practice.zone
    return [(f"{start.astimezone(zone):%H:%M}", f"{end.astimezone(zone):%H:%M}") for start, end in day.free]


@pytest.mark.django_db
def test_it_is_open_hours_without_appointments_absences_closings_and_held_slots(
    agenda: Agenda, visit_reason: VisitReason, marie: Patient, at: Moments
) -> None:
    assert free(agenda) == [("09:00", "12:00")]
    booked = Appointment.objects.create(
        practice=agenda.practice, agenda=agenda, patient=marie, visit_reason=visit_reason,
        starts_at=at(9, 30), ends_at=at(9, 50),
    )  # fmt: skip
    assert free(agenda, [booked]) == [("09:00", "09:30"), ("09:50", "12:00")]
    Absence.objects.create(agenda=agenda, starts_at=at(11), ends_at=at(13))
    assert free(agenda, [booked]) == [("09:00", "09:30"), ("09:50", "11:00")]
    closing = {"practice": agenda.practice, "reason": "Travaux"}
    Closing.objects.create(**closing, starts_at=at(8), ends_at=at(9, 10))
    assert free(agenda, [booked]) == [("09:10", "09:30"), ("09:50", "11:00")]
    SlotHold.objects.create(
        agenda=agenda, visit_reason=visit_reason, starts_at=at(10), ends_at=at(10, 20),
        expires_at=datetime.now(UTC) + timedelta(minutes=10),
    )  # fmt: skip
    assert free(agenda, [booked]) == [("09:10", "09:30"), ("10:20", "11:00")]  # ten minutes are too short to offer
    booked.status = "cancelled"
    assert free(agenda, [booked]) == [("09:10", "10:00"), ("10:20", "11:00")]


@pytest.mark.django_db
def test_a_closing_of_another_agenda_closes_nothing_here(agenda: Agenda, at: Moments) -> None:
    other = Agenda.objects.create(practice=agenda.practice, name="Autre")
    closing = Closing.objects.create(
        practice=agenda.practice, whole_practice=False, reason="Congrès", starts_at=at(9), ends_at=at(12)
    )
    closing.agendas.add(other)
    assert free(agenda) == [("09:00", "12:00")]
    closing.agendas.add(agenda)
    assert free(agenda) == []


@pytest.mark.django_db
def test_an_agenda_without_hours_offers_nothing(agenda: Agenda) -> None:
    assert free(agenda) == []


@pytest.mark.django_db
def test_many_agendas_ask_no_more_questions_than_one(agenda: Agenda, visit_reason: VisitReason, at: Moments) -> None:
    def asked() -> int:
        agendas = list(Agenda.objects.filter(practice=agenda.practice).select_related("practice"))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            days_of_agendas(agendas, TUESDAY, TUESDAY + timedelta(days=6), booked=[], closings=[])
        return len(queries)

    one = asked()
    for number in range(8):
        another = Agenda.objects.create(practice=agenda.practice, name=f"Agenda {number}")
        visit_reason.agendas.add(another)
        OpeningHours.objects.create(agenda=another, weekday=1, opens_at=time(8), closes_at=time(0))
    assert asked() == one


MIDNIGHT = datetime(2026, 12, 1, tzinfo=UTC)
spans = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 10)).map(
        lambda pair: (MIDNIGHT + timedelta(minutes=pair[0]), MIDNIGHT + timedelta(minutes=pair[0] + pair[1]))
    ),
    max_size=6,
).map(merged)


def minutes(found: list[Span]) -> set[int]:
    ranges = [((start - MIDNIGHT).seconds // 60, (end - MIDNIGHT).seconds // 60) for start, end in found]
    return {minute for first, end in ranges for minute in range(first, end)}


@given(spans, spans)
def test_what_is_removed_is_gone_and_nothing_else(whole: list[Span], removed: list[Span]) -> None:
    assert minutes(without(whole, removed)) == minutes(whole) - minutes(removed)
