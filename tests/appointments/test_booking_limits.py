"""docs/security-cases.md, 50: an account may book and change only a limited number online; staff are not limited."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Scope, User
from accounts.tokens import issue_token
from appointments.booking import book
from appointments.booking_limits import (
    MOST_CHANGES,
    BookingLimit,
    OverlappingAppointment,
    TooManyAppointments,
    TooManyChanges,
    TooManyWithAgenda,
)
from appointments.models import (
    Agenda,
    Appointment,
    AppointmentKind,
    BookedFor,
    BookingPolicy,
    VisitReason,
)
from appointments.moving import move
from appointments.online import book_online, cancel_online, move_online
from notifications.models import Message
from patients.models import Patient
from patients.relatives import Person
from practices.models import Practice
from tests.appointments.conftest import at
from tests.markup import one_line

ODETTE = Person("Odette", "Martin", date(1948, 2, 11), "odette@courriel.example", "06 12 00 00 01")
Book = Callable[..., Appointment]


def a_relative(number: int) -> Person:
    """Another relative each time, with unproved contacts."""
    mail, mobile = f"p{number}@courriel.example", f"06 12 00 {number // 100:02d} {number % 100:02d}"
    return Person(f"Paul{number}", "Martin", date(1950, 1, 1) + timedelta(days=number), mail, mobile)


@pytest.fixture
def second_agenda(open_agenda: Agenda, visit_reason: VisitReason) -> Agenda:
    other = Agenda.objects.create(practice=open_agenda.practice, name="Dr Autre")
    other.visit_reasons.add(visit_reason)
    for hours in open_agenda.opening_hours.all():
        other.opening_hours.create(weekday=hours.weekday, opens_at=hours.opens_at, closes_at=hours.closes_at)
    return other


@pytest.fixture
def books(open_agenda: Agenda, visit_reason: VisitReason, next_week: date) -> Book:
    def _book(holder: User, when: int | datetime, person: Person | None = None, agenda: Agenda | None = None) -> Any:
        """`when`: a moment, or a number of slots of 20 minutes after nine o'clock, nine in a day."""
        if isinstance(when, int):
            when = at(open_agenda, next_week + timedelta(days=when // 9), 9 + when % 9 // 3, when % 3 * 20)
        return book_online(
            holder=holder,
            agenda=agenda or open_agenda,
            visit_reason=visit_reason,
            starts_at=when,
            kind=AppointmentKind.IN_PERSON,
            booked_for=BookedFor.ADULT_RELATIVE if person else BookedFor.SELF,
            person=person,
        )

    return _book


def test_an_account_has_twenty_appointments_to_come_with_one_practice(books: Book, holder: User) -> None:
    for number in range(20):
        books(holder, number, a_relative(number))
    with pytest.raises(TooManyAppointments):
        books(holder, 20, a_relative(20))
    assert Appointment.objects.count() == 20
    assert not Patient.objects.filter(first_name="Paul20").exists()
    assert not Message.objects.filter(to="p20@courriel.example").exists()


def test_a_person_has_three_to_come_with_one_agenda(books: Book, holder: User, second_agenda: Agenda) -> None:
    for number in range(3):
        books(holder, number, ODETTE)
    with pytest.raises(TooManyWithAgenda):
        books(holder, 3, ODETTE)
    assert books(holder, 4, ODETTE, second_agenda).status == "booked"
    assert books(holder, 5, a_relative(1)).status == "booked"


def test_one_that_is_cancelled_or_over_leaves_its_place(books: Book, holder: User) -> None:
    first, second, _third = (books(holder, number) for number in range(3))
    cancel_online(appointment=first, by=holder)
    assert books(holder, 4).status == "booked"
    Appointment.objects.filter(pk=second.pk).update(
        starts_at=timezone.now() - timedelta(hours=2), ends_at=timezone.now() - timedelta(hours=1)
    )
    assert books(holder, 5).status == "booked"


def test_booking_and_cancelling_in_a_circle_ends_too(books: Book, holder: User, practice: Practice) -> None:
    """Each booking writes to somebody who never asked for it."""
    BookingPolicy.objects.create(practice=practice, most_a_day=5)
    for number in range(5):
        cancel_online(appointment=books(holder, number, a_relative(number)), by=holder)
    with pytest.raises(TooManyChanges):
        books(holder, 6, a_relative(6))
    Appointment.objects.update(created_at=timezone.now() - timedelta(days=1, minutes=1))
    assert books(holder, 6, a_relative(6)).status == "booked"


@pytest.mark.parametrize("minutes", [-10, 0, 10])
def test_nobody_is_at_two_appointments_at_once(
    minutes: int, books: Book, holder: User, open_agenda: Agenda, second_agenda: Agenda, next_week: date
) -> None:
    second_agenda.opening_hours.update(opens_at="09:10" if minutes else "09:00")
    start = at(open_agenda, next_week, 10)
    books(holder, start)
    with pytest.raises(OverlappingAppointment):
        books(holder, start + timedelta(minutes=minutes), agenda=second_agenda)
    assert books(holder, start + timedelta(minutes=minutes), ODETTE, second_agenda).status == "booked"


def test_one_appointment_may_follow_the_other(
    books: Book, holder: User, open_agenda: Agenda, second_agenda: Agenda, next_week: date
) -> None:
    start = at(open_agenda, next_week, 10)
    books(holder, start)
    assert books(holder, start + timedelta(minutes=20), agenda=second_agenda).status == "booked"
    assert books(holder, start - timedelta(minutes=20), agenda=second_agenda).status == "booked"


def test_the_same_relative_is_one_person_at_every_practice(
    books: Book,
    holder: User,
    visit_reason: VisitReason,
    other_practice: Practice,
    open_agenda: Agenda,
    next_week: date,
) -> None:
    elsewhere = Agenda.objects.create(practice=other_practice, name="Dr Ailleurs")
    reason = VisitReason.objects.create(practice=other_practice, name="Consultation", duration_minutes=20)
    elsewhere.visit_reasons.add(reason)
    for hours in open_agenda.opening_hours.all():
        elsewhere.opening_hours.create(weekday=hours.weekday, opens_at=hours.opens_at, closes_at=hours.closes_at)
    start = at(open_agenda, next_week, 10)
    for person, booked_for in ((ODETTE, BookedFor.ADULT_RELATIVE), (None, BookedFor.SELF)):
        start += timedelta(minutes=20)
        books(holder, start, person)
        with pytest.raises(OverlappingAppointment):
            book_online(
                holder=holder,
                agenda=elsewhere,
                visit_reason=reason,
                starts_at=start,
                kind=AppointmentKind.IN_PERSON,
                booked_for=booked_for,
                person=person,
            )


def test_what_staff_booked_counts_for_the_person_not_for_the_account(
    books: Book, holder: User, open_agenda: Agenda, second_agenda: Agenda, visit_reason: VisitReason, alice: User
) -> None:
    patient = books(holder, 0).patient
    for number in range(1, 6):  # a series of appointments
        start = at(open_agenda, timezone.localdate() + timedelta(days=30 + number), 9)
        book(agenda=open_agenda, visit_reason=visit_reason, patient=patient, starts_at=start, by=alice)
    assert books(holder, 1).status == "booked"
    with pytest.raises(OverlappingAppointment):
        books(holder, start, agenda=second_agenda)


def test_moving_keeps_to_the_same_rules(
    books: Book, holder: User, open_agenda: Agenda, second_agenda: Agenda, next_week: date, alice: User
) -> None:
    start = at(open_agenda, next_week, 10)
    books(holder, start)
    other = books(holder, start + timedelta(minutes=60), agenda=second_agenda)
    with pytest.raises(OverlappingAppointment):
        move_online(appointment=other, starts_at=start, by=holder)
    for number in range(MOST_CHANGES):
        later = start + timedelta(days=1, minutes=20 * (number % 2))
        other = move_online(appointment=other, starts_at=later, by=holder)
    told = Message.objects.count()
    with pytest.raises(TooManyChanges):
        move_online(appointment=other, starts_at=start + timedelta(days=2), by=holder)
    assert Message.objects.count() == told
    move(appointment=other, starts_at=start, by=alice)  # staff are not limited
    cancel_online(appointment=other, by=holder)


def test_the_limits_are_the_practices_own(books: Book, holder: User, practice: Practice) -> None:
    policy = BookingPolicy.objects.create(practice=practice, most_upcoming=2, most_per_person=1)
    books(holder, 0)
    with pytest.raises(TooManyWithAgenda):
        books(holder, 1)
    books(holder, 1, ODETTE)
    with pytest.raises(TooManyAppointments):
        books(holder, 2, a_relative(1))
    policy.most_upcoming = 3
    policy.save()
    assert books(holder, 2, a_relative(1)).status == "booked"


def test_each_refusal_is_a_sentence_on_the_page(
    books: Book, holder: User, open_agenda: Agenda, visit_reason: VisitReason, practice: Practice,
    next_week: date, sign_in: Callable[[User], Client],
) -> None:  # fmt: skip
    BookingPolicy.objects.create(practice=practice, most_per_person=1)
    mine = books(holder, 0)
    browser = sign_in(holder)
    start = at(open_agenda, next_week, 10).isoformat().replace("+", "%2B")
    path = f"/book/{open_agenda.pk}/{visit_reason.pk}/in_person/confirm/?start={start}&who=self"
    answer = browser.post(path)
    assert answer.status_code == 409, answer.status_code
    assert "le plus qu’on puisse prendre en ligne" in answer.content.decode()
    Appointment.objects.filter(pk=mine.pk).update(revision=MOST_CHANGES)
    moved = browser.post(
        reverse("patient:appointment-move", args=[mine.pk]), {"start": at(open_agenda, next_week, 11).isoformat()}
    )
    told = browser.get(moved["Location"]).content.decode()
    assert "a été déplacé trop de fois" in told


OWN = {
    "most_per_person": "Vous avez déjà 1 rendez-vous à venir sur cet agenda",
    "most_upcoming": "Votre compte a déjà 1 rendez-vous à venir",
    "most_a_day": "Trop de rendez-vous pris en un jour depuis ce compte",
    "overlap": "Vous avez déjà un rendez-vous à cette heure",
}


@pytest.mark.parametrize("limit", OWN)
def test_a_refusal_speaks_to_whoever_reads_it_says_whom_to_call_and_offers_no_button(
    limit: str, books: Book, holder: User, open_agenda: Agenda, second_agenda: Agenda, visit_reason: VisitReason,
    practice: Practice, next_week: date, sign_in: Callable[[User], Client],
) -> None:  # fmt: skip
    if limit != "overlap":
        BookingPolicy.objects.create(practice=practice, **{limit: 1})
    mine = books(holder, 0)
    same = mine.starts_at.isoformat()
    start = same if limit == "overlap" else at(open_agenda, next_week, 10).isoformat()
    agenda = second_agenda if limit == "overlap" else open_agenda
    path = f"/book/{agenda.pk}/{visit_reason.pk}/in_person/confirm/?{urlencode({'start': start, 'who': 'self'})}"
    browser = sign_in(holder)
    assert "Confirmer le rendez-vous</button>" in one_line(browser.get(path).content.decode())
    answer = browser.post(path)
    page = one_line(answer.content.decode())
    assert answer.status_code == 409
    assert OWN[limit] in page
    assert "Cette personne" not in page
    assert f'href="tel:{practice.telephone}"' in page
    assert "Confirmer le rendez-vous</button>" not in page


def test_each_refusal_has_a_code_in_the_api(
    books: Book, holder: User, open_agenda: Agenda, visit_reason: VisitReason, practice: Practice, next_week: date
) -> None:
    BookingPolicy.objects.create(practice=practice, most_per_person=1)
    books(holder, 0)
    api = APIClient()
    secret = issue_token(user=holder, name="x", scopes=list(Scope), by=None)[1]
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    asked = {
        "agenda": str(open_agenda.pk),
        "visit_reason": str(visit_reason.pk),
        "start": at(open_agenda, next_week, 10).isoformat(),
        "kind": "in_person",
        "booked_for": "self",
    }
    answer = api.post("/api/v1/bookings/", asked, format="json", HTTP_IDEMPOTENCY_KEY="a-key-of-ours-1")
    assert answer.status_code == 409
    (error,) = answer.json()["errors"]
    assert error["code"] == "too_many_with_agenda"
    assert error["detail"]


@pytest.mark.django_db(transaction=True)
def test_forty_bookings_at_once_keep_to_the_limits(
    books: Book, holder: User, open_agenda: Agenda, second_agenda: Agenda, practice: Practice
) -> None:
    BookingPolicy.objects.create(practice=practice, most_upcoming=5, most_per_person=2)
    start = threading.Barrier(40)
    faults: list[BaseException] = []

    def one(number: int) -> None:
        start.wait(30)
        try:
            person = ODETTE if number % 2 else a_relative(number % 6)
            books(holder, number, person, (open_agenda, second_agenda)[number % 2 - 1])
        except BookingLimit:
            pass
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert faults == []
    assert Appointment.objects.count() == 5
    per_person: dict[Any, int] = {}
    for one_made in Appointment.objects.all():
        key = one_made.patient_id, one_made.agenda_id
        per_person[key] = per_person.get(key, 0) + 1
    assert max(per_person.values()) <= 2


@pytest.mark.django_db(transaction=True)
def test_one_person_booked_on_two_agendas_at_the_same_moment_gets_one(
    books: Book, holder: User, open_agenda: Agenda, second_agenda: Agenda, next_week: date
) -> None:
    EmailAddress.objects.get(user=holder)
    begin = threading.Barrier(2)
    outcomes: list[str] = []

    def one(agenda: Agenda) -> None:
        begin.wait(30)
        try:
            books(holder, at(open_agenda, next_week, 10), ODETTE, agenda)
            outcomes.append("booked")
        except BookingLimit as refused:
            outcomes.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(agenda,)) for agenda in (open_agenda, second_agenda)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["booked", "overlapping_appointment"]
