"""Closings: no free time inside, appointments inside stay and are listed, and concurrent bookings do not slip in."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from accounts.models import User
from appointments.booking import book
from appointments.closings import booked_inside, booked_inside_each, close, open_again
from appointments.models import (
    Agenda,
    Appointment,
    AppointmentKind,
    AppointmentStatus,
    BookedFor,
    Closing,
    OpeningHours,
    VisitReason,
)
from appointments.online import SlotTaken, book_online, move_online
from appointments.slots import free_slots
from audit.models import AuditEvent
from patients.models import Patient
from practices.models import Practice
from practices.roles import NotAllowed
from tests.appointments.conftest import at

ZONES = ["Europe/Paris", "America/Martinique", "Pacific/Noumea"]


def starts(agenda: Agenda, reason: VisitReason, day: date) -> list[str]:
    return [f"{one.start:%H:%M}" for one in free_slots(agenda=agenda, visit_reason=reason, first=day, last=day)]


@pytest.fixture
def second_agenda(open_agenda: Agenda, visit_reason: VisitReason) -> Agenda:
    second = Agenda.objects.create(practice=open_agenda.practice, name="Cabinet 2")
    visit_reason.agendas.add(second)
    for weekday in range(7):
        OpeningHours.objects.create(agenda=second, weekday=weekday, opens_at=time(9), closes_at=time(12))
    return second


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("first", "last", "left"),
    [
        ((0, 0), (23, 59), []),
        ((9, 0), (12, 0), []),
        ((10, 0), (11, 0), ["09:00", "09:20", "09:40", "11:00", "11:20", "11:40"]),
        ((10, 5), (10, 6), ["09:00", "09:20", "09:40", "10:20", "10:40", "11:00", "11:20", "11:40"]),
        ((12, 0), (18, 0), ["09:00", "09:20", "09:40", "10:00", "10:20", "10:40", "11:00", "11:20", "11:40"]),
    ],
)
def test_no_slot_meets_a_closing_on_the_clock_of_the_practice(
    open_agenda: Agenda,
    visit_reason: VisitReason,
    next_week: date,
    carol: User,
    zone: str,
    first: tuple[int, int],
    last: tuple[int, int],
    left: list[str],
) -> None:
    practice = open_agenda.practice
    practice.time_zone = zone
    practice.save()
    starts_at, ends_at = at(open_agenda, next_week, *first), at(open_agenda, next_week, *last)
    close(practice=practice, starts_at=starts_at, ends_at=ends_at, reason="Travaux", by=carol)
    assert starts(open_agenda, visit_reason, next_week) == left


def test_the_whole_practice_closes_every_agenda_and_some_close_only_those(
    open_agenda: Agenda, second_agenda: Agenda, visit_reason: VisitReason, next_week: date, carol: User
) -> None:
    asked: dict[str, Any] = {
        "practice": open_agenda.practice,
        "starts_at": at(open_agenda, next_week, 0),
        "ends_at": at(open_agenda, next_week + timedelta(days=1), 0),
        "reason": "Formation",
        "by": carol,
    }
    one = close(**asked, agendas=[second_agenda])
    assert starts(open_agenda, visit_reason, next_week)
    assert not starts(second_agenda, visit_reason, next_week)
    whole = close(**asked)
    assert not starts(open_agenda, visit_reason, next_week)
    for closing in (one, whole):
        open_again(closing=closing, by=carol)
    assert starts(open_agenda, visit_reason, next_week)
    assert starts(second_agenda, visit_reason, next_week)
    lines = AuditEvent.objects.filter(practice_id=open_agenda.practice_id).values_list("action", flat=True)
    assert sorted(lines) == ["practice.closed"] * 2 + ["practice.opened_again"] * 2


def test_a_closing_of_an_agenda_that_went_closes_no_other(
    open_agenda: Agenda, visit_reason: VisitReason, next_week: date, carol: User
) -> None:
    gone = Agenda.objects.create(practice=open_agenda.practice, name="Éphémère")
    close(
        practice=open_agenda.practice,
        starts_at=at(open_agenda, next_week, 0),
        ends_at=at(open_agenda, next_week, 23),
        reason="Congé",
        agendas=[gone],
        by=carol,
    )
    gone.delete()
    assert starts(open_agenda, visit_reason, next_week)


def test_patients_can_neither_book_nor_move_into_a_closing(
    open_agenda: Agenda, visit_reason: VisitReason, next_week: date, carol: User, holder: User
) -> None:
    asked: dict[str, Any] = {
        "holder": holder,
        "agenda": open_agenda,
        "visit_reason": visit_reason,
        "kind": AppointmentKind.IN_PERSON,
        "booked_for": BookedFor.SELF,
    }
    other_day = next_week + timedelta(days=1)
    booked = book_online(**asked, starts_at=at(open_agenda, other_day, 9))
    close(
        practice=open_agenda.practice,
        starts_at=at(open_agenda, next_week, 0),
        ends_at=at(open_agenda, next_week, 23),
        reason="Pont",
        by=carol,
    )
    with pytest.raises(SlotTaken) as taken:
        book_online(**asked, starts_at=at(open_agenda, next_week, 10))
    assert all(slot.start.date() != next_week for slot in taken.value.next_free)
    with pytest.raises(SlotTaken):
        move_online(appointment=booked, starts_at=at(open_agenda, next_week, 10), by=holder)


def test_whoever_is_booked_inside_stays_and_is_found(
    open_agenda: Agenda,
    second_agenda: Agenda,
    visit_reason: VisitReason,
    next_week: date,
    carol: User,
    alice: User,
    marie: Patient,
) -> None:
    def booked(agenda: Agenda, hour: int) -> Appointment:
        moment = at(agenda, next_week, hour)
        return book(agenda=agenda, visit_reason=visit_reason, patient=marie, starts_at=moment, by=alice)

    before, inside, elsewhere = booked(open_agenda, 8), booked(open_agenda, 10), booked(second_agenda, 10)
    closing = close(
        practice=open_agenda.practice,
        starts_at=at(open_agenda, next_week, 9),
        ends_at=at(open_agenda, next_week, 12),
        reason="Travaux",
        agendas=[open_agenda],
        by=carol,
    )
    assert list(booked_inside(closing)) == [inside]
    assert AuditEvent.objects.get(action="practice.closed").detail == {"appointments": 1}
    for one in (before, inside, elsewhere):
        one.refresh_from_db()
        assert one.status == AppointmentStatus.BOOKED


def test_who_is_inside_each_of_many_closings_is_asked_once(
    open_agenda: Agenda,
    second_agenda: Agenda,
    other_practice: Practice,
    visit_reason: VisitReason,
    next_week: date,
    carol: User,
    alice: User,
    marie: Patient,
    django_assert_num_queries: Any,
) -> None:
    def booked(agenda: Agenda, hour: int) -> Appointment:
        moment = at(agenda, next_week, hour)
        return book(agenda=agenda, visit_reason=visit_reason, patient=marie, starts_at=moment, by=alice)

    def closed(first: int, last: int, *agendas: Agenda) -> Closing:
        return close(
            practice=open_agenda.practice,
            starts_at=at(open_agenda, next_week, first),
            ends_at=at(open_agenda, next_week, last),
            reason="Travaux",
            agendas=agendas,
            by=carol,
        )

    late, early, elsewhere = booked(open_agenda, 10), booked(open_agenda, 8), booked(second_agenda, 10)
    whole, evening = closed(8, 12), closed(20, 22)
    of_one, of_other = closed(9, 12, open_agenda), closed(9, 11, second_agenda)
    for hour in range(6):
        closed(12 + hour, 20)
    closings = list(Closing.objects.filter(practice=open_agenda.practice).prefetch_related("agendas"))
    with django_assert_num_queries(1):
        inside = booked_inside_each(closings)
    assert len(inside) == 10
    assert {key: set(keys) for key, keys in inside.items() if keys} == {
        whole.pk: {early.pk, late.pk, elsewhere.pk},
        of_one.pk: {late.pk},
        of_other.pk: {elsewhere.pk},
    }
    assert inside[whole.pk][0] == early.pk
    assert inside[evening.pk] == []
    with django_assert_num_queries(0):
        assert booked_inside_each([]) == {}
    for one in closings:
        assert inside[one.pk] == [appointment.pk for appointment in booked_inside(one)]
    hours = {"starts_at": at(open_agenda, next_week, 8), "ends_at": at(open_agenda, next_week, 12)}
    foreign = Closing.objects.create(practice=other_practice, **hours, reason="Ailleurs")
    assert booked_inside_each([foreign, whole]) == {foreign.pk: [], whole.pk: inside[whole.pk]}


@pytest.mark.parametrize("case", ["end before start", "past", "too long", "no reason", "another's agenda", "year"])
def test_a_closing_that_cannot_be_is_refused_beside_its_field(
    open_agenda: Agenda, next_week: date, carol: User, other_practice: Practice, case: str
) -> None:
    start, end = at(open_agenda, next_week, 9), at(open_agenda, next_week, 12)
    asked: dict[str, Any] = {"starts_at": start, "ends_at": end, "reason": "Travaux", "agendas": []}
    stranger = Agenda.objects.create(practice=other_practice, name="Ailleurs")
    cases: dict[str, tuple[dict[str, Any], str]] = {
        "end before start": ({"ends_at": start}, "ends_at"),
        "past": ({"starts_at": start - timedelta(days=30), "ends_at": timezone.now()}, "ends_at"),
        "too long": ({"ends_at": start + timedelta(days=400)}, "ends_at"),
        "no reason": ({"reason": "  "}, "reason"),
        "another's agenda": ({"agendas": [stranger]}, "agendas"),
        "year": ({"ends_at": datetime(2900, 1, 1, tzinfo=UTC)}, "ends_at"),
    }
    changed, field = cases[case]
    with pytest.raises(ValidationError) as refused:
        close(practice=open_agenda.practice, **(asked | changed), by=carol)
    assert list(refused.value.message_dict) == [field]
    assert not Closing.objects.exists()


def test_the_same_closing_twice_is_made_once(open_agenda: Agenda, next_week: date, carol: User) -> None:
    asked: dict[str, Any] = {
        "practice": open_agenda.practice,
        "starts_at": at(open_agenda, next_week, 9),
        "ends_at": at(open_agenda, next_week, 12),
        "by": carol,
    }
    close(**asked, reason="Travaux")
    with pytest.raises(ValidationError, match="existe déjà"):
        close(**asked, reason="Travaux encore")
    close(**asked, reason="Travaux", agendas=[open_agenda])
    assert Closing.objects.count() == 2


@pytest.mark.parametrize("who", ["alice", "bob", "rita", "charlie"])
def test_only_an_administrator_closes_and_opens_again(
    open_agenda: Agenda, next_week: date, carol: User, who: str, request: pytest.FixtureRequest
) -> None:
    asked: dict[str, Any] = {
        "practice": open_agenda.practice,
        "starts_at": at(open_agenda, next_week, 9),
        "ends_at": at(open_agenda, next_week, 12),
        "reason": "Travaux",
    }
    somebody = request.getfixturevalue(who)
    with pytest.raises(NotAllowed):
        close(**asked, by=somebody)
    closing = close(**asked, by=carol)
    with pytest.raises(NotAllowed):
        open_again(closing=closing, by=somebody)
    assert Closing.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_booking_and_a_closing_at_once_never_miss_each_other(
    open_agenda: Agenda, visit_reason: VisitReason, next_week: date, carol: User, holder: User
) -> None:
    """Either the closing lists the booking inside, or the booking finds the slot closed."""
    both = threading.Barrier(2)
    outcome: dict[str, Any] = {}

    def books() -> None:
        both.wait()
        try:
            outcome["booked"] = book_online(
                holder=holder,
                agenda=open_agenda,
                visit_reason=visit_reason,
                starts_at=at(open_agenda, next_week, 10),
                kind=AppointmentKind.IN_PERSON,
                booked_for=BookedFor.SELF,
            )
        except SlotTaken:
            outcome["booked"] = None
        finally:
            connection.close()

    def closes() -> None:
        both.wait()
        try:
            close(
                practice=open_agenda.practice,
                starts_at=at(open_agenda, next_week, 9),
                ends_at=at(open_agenda, next_week, 12),
                reason="Travaux",
                by=carol,
            )
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for one in (books, closes)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    told = AuditEvent.objects.get(action="practice.closed").detail
    assert told == {"appointments": 1 if outcome["booked"] else 0}


@pytest.mark.django_db(transaction=True)
def test_two_equal_closings_at_once_are_one_where_there_is_no_agenda(practice: Practice, carol: User) -> None:
    both = threading.Barrier(4)
    refused: list[ValidationError] = []
    tomorrow = timezone.now() + timedelta(days=1)

    def closes() -> None:
        both.wait()
        try:
            close(
                practice=practice,
                starts_at=tomorrow,
                ends_at=tomorrow + timedelta(hours=3),
                reason="Travaux",
                by=carol,
            )
        except ValidationError as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=closes) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert Closing.objects.count() == 1
    assert len(refused) == 3


@pytest.mark.django_db
def test_nobody_stands_inside_a_closing_whose_agendas_are_gone(
    carol: User, appointment: Appointment, second_agenda: Agenda
) -> None:
    closing = close(
        practice=appointment.practice,
        starts_at=appointment.starts_at - timedelta(hours=1),
        ends_at=appointment.ends_at,
        reason="Travaux",
        agendas=[second_agenda],
        by=carol,
    )
    second_agenda.delete()
    assert not booked_inside(Closing.objects.get(pk=closing.pk)).exists()
