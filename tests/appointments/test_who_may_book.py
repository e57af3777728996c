"""A practice opens its online booking to everybody, to patients it knows, or to nobody."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, Appointment, AppointmentKind, AppointmentStatus, BookedFor, VisitReason
from appointments.online import NotOnline, book_online, cancel_online, move_online
from appointments.slots import books_online
from appointments.who_may_book import BookingClosed, KnownPatientsOnly, is_known
from patients.models import Patient, RecordTie, TieEnd
from patients.relatives import Person
from practices.models import BookingOpenTo, Practice
from practices.opening import open_booking_to
from tests.appointments.conftest import at


def book(agenda: Agenda, reason: VisitReason, holder: User, day: date, minute: int = 0) -> Appointment:
    return book_online(
        holder=holder,
        agenda=agenda,
        visit_reason=reason,
        starts_at=at(agenda, day, 9, minute),
        kind=AppointmentKind.IN_PERSON,
        booked_for=BookedFor.SELF,
    )


@pytest.fixture
def known_only(open_agenda: Agenda, carol: User) -> Agenda:
    open_booking_to(practice=open_agenda.practice, whom=BookingOpenTo.KNOWN, by=carol)
    return open_agenda


def test_somebody_new_is_refused_where_only_known_patients_book(
    known_only: Agenda, visit_reason: VisitReason, holder: User, next_week: date
) -> None:
    with pytest.raises(KnownPatientsOnly, match="known_patients_only"):
        book(known_only, visit_reason, holder, next_week)
    assert not Patient.objects.exists()
    with pytest.raises(KnownPatientsOnly):  # nor for somebody else
        book_online(
            holder=holder,
            agenda=known_only,
            visit_reason=visit_reason,
            starts_at=at(known_only, next_week, 9),
            kind=AppointmentKind.IN_PERSON,
            booked_for=BookedFor.MINOR_RELATIVE,
            person=Person("Zoé", "Martin", timezone.localdate() - timedelta(days=2000)),
        )


def test_an_account_whose_contacts_and_identity_the_practice_has_is_known(
    known_only: Agenda, visit_reason: VisitReason, holder: User, next_week: date, practice: Practice
) -> None:
    record = Patient.objects.create(
        practice=practice,
        first_name="Hugo",
        last_name="MARTIN",
        birth_date=holder.birth_date or date.min,
        email=holder.email,
        mobile=holder.mobile,
    )
    assert book(known_only, visit_reason, holder, next_week).patient == record
    assert is_known(holder=holder, practice=practice)


@pytest.mark.parametrize("field", ["birth_date", "email", "mobile", "last_name"])
def test_one_difference_makes_it_somebody_else(
    known_only: Agenda, holder: User, practice: Practice, field: str
) -> None:
    facts = {
        "first_name": "Hugo",
        "last_name": "Martin",
        "birth_date": holder.birth_date,
        "email": holder.email,
        "mobile": holder.mobile,
    }
    other = {"birth_date": date(1980, 1, 1), "email": "x@y.example", "mobile": "+33612121212", "last_name": "Morin"}
    Patient.objects.create(practice=practice, **facts | {field: other[field]})
    assert not is_known(holder=holder, practice=practice)


def test_whoever_has_an_appointment_there_is_known_until_it_is_cancelled(
    open_agenda: Agenda, visit_reason: VisitReason, holder: User, carol: User, next_week: date
) -> None:
    first = book(open_agenda, visit_reason, holder, next_week)
    RecordTie.objects.all().delete()
    Patient.objects.update(email="other@courriel.example")
    open_booking_to(practice=open_agenda.practice, whom=BookingOpenTo.KNOWN, by=carol)
    second = book(open_agenda, visit_reason, holder, next_week, 40)
    for one in (first, second):
        cancel_online(appointment=one, by=holder)
    RecordTie.objects.all().delete()
    Patient.objects.update(email="other@courriel.example")
    assert not is_known(holder=holder, practice=open_agenda.practice)


def test_a_tie_that_staff_ended_is_no_proof(
    open_agenda: Agenda, visit_reason: VisitReason, holder: User, next_week: date
) -> None:
    appointment = book(open_agenda, visit_reason, holder, next_week)
    Appointment.objects.filter(pk=appointment.pk).update(status=AppointmentStatus.CANCELLED)
    assert is_known(holder=holder, practice=open_agenda.practice)
    RecordTie.objects.update(ended_at=timezone.now(), end=TieEnd.STAFF)
    assert not is_known(holder=holder, practice=open_agenda.practice)


def test_nobody_books_and_nobody_moves_where_it_is_closed_but_everybody_cancels(
    open_agenda: Agenda, visit_reason: VisitReason, holder: User, carol: User, next_week: date
) -> None:
    appointment = book(open_agenda, visit_reason, holder, next_week)
    open_booking_to(practice=open_agenda.practice, whom=BookingOpenTo.NOBODY, by=carol)
    open_agenda.refresh_from_db()
    appointment.refresh_from_db()
    assert not books_online(open_agenda.practice)
    with pytest.raises(BookingClosed):
        book(open_agenda, visit_reason, holder, next_week, 40)
    with pytest.raises(NotOnline):
        move_online(appointment=appointment, starts_at=at(open_agenda, next_week, 11), by=holder)
    assert cancel_online(appointment=appointment, by=holder).status == AppointmentStatus.CANCELLED


def test_the_pages_say_so_before_a_slot_is_chosen(
    known_only: Agenda, visit_reason: VisitReason, holder: User, carol: User, sign_in: object, next_week: date
) -> None:
    assert callable(sign_in)
    practice, start = known_only.practice, at(known_only, next_week, 9).isoformat()
    below = f"/book/{known_only.pk}/{visit_reason.pk}/in_person/"
    pages = [f"/book/{practice.pk}/", below]
    stranger, mine = Client(), sign_in(holder)
    assert "déjà connus" in stranger.get("/cabinets/").content.decode()
    for page in pages:
        assert stranger.get(page).status_code == 200  # who it is shows at sign-in
        refused = mine.get(page)
        assert refused.status_code == 409
        assert "que pour les patients qu’il connaît déjà" in refused.content.decode()
        assert "01\u00a040\u00a000\u00a000\u00a000" in refused.content.decode()
    for page in (f"{below}whom/", f"{below}confirm/"):
        assert mine.get(page, {"start": start}).status_code == 409, page
    posted = mine.post(f"{below}confirm/?start={start.replace('+', '%2B')}&who=self")
    assert posted.status_code == 409
    assert "que pour les patients" in posted.content.decode()
    open_booking_to(practice=practice, whom=BookingOpenTo.NOBODY, by=carol)
    assert "Rendez-vous par téléphone" in stranger.get("/cabinets/").content.decode()
    for page in pages:
        assert "ne prend plus de rendez-vous en ligne" in stranger.get(page).content.decode()
    assert not Appointment.objects.exists()
