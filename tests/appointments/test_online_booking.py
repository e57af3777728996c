"""Booking online: one slot for one person; which record is used, by rule; which messages go to whom."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from accounts.models import User
from appointments.models import (
    Agenda,
    Appointment,
    AppointmentKind,
    AppointmentStatus,
    BookedFor,
    BookingPolicy,
    VisitReason,
)
from appointments.moving import move
from appointments.online import MovedMeanwhile, SlotTaken, TooLate, book_online, cancel_online, move_online
from appointments.recipients import Audience, RecipientState, resolve
from audit.models import AuditEvent
from notifications.models import Message
from patients.duplicates import likenesses_of
from patients.models import Patient, RecordTie, Relationship, Relative
from patients.records import change_patient, create_patient
from patients.relatives import IdentityIncomplete, Person, forget_relative
from practices.models import Practice
from tests.appointments.conftest import at

ODETTE = Person("Odette", "Martin", date(1948, 2, 11), "odette@courriel.example", "06 12 00 00 01")
PAUL = Person("Paul", "Martin", date(1946, 8, 25))
LEO = Person("Léo", "Martin", timezone.localdate() - timedelta(days=9 * 365))


class Booker:
    """Books the next slot of next week."""

    def __init__(self, agenda: Agenda, reason: VisitReason, day: date) -> None:
        self.agenda, self.reason, self.day, self.count = agenda, reason, day, 0

    def __call__(self, holder: User, booked_for: BookedFor, person: Person | None = None, **more: Any) -> Appointment:
        minutes = 20 * self.count
        self.count += 1
        asked: dict[str, Any] = {
            "holder": holder,
            "agenda": self.agenda,
            "visit_reason": self.reason,
            "starts_at": at(self.agenda, self.day, 9 + minutes // 60, minutes % 60),
            "kind": AppointmentKind.IN_PERSON,
            "booked_for": booked_for,
            "person": person,
        }
        return book_online(**(asked | more))


@pytest.fixture
def booker(open_agenda: Agenda, visit_reason: VisitReason, next_week: date) -> Booker:
    return Booker(open_agenda, visit_reason, next_week)


# --- Whose record --------------------------------------------------------------------------------------------


def test_for_oneself_a_record_is_made_at_ones_proved_contacts_and_tied(booker: Booker, holder: User) -> None:
    patient = booker(holder, BookedFor.SELF).patient
    assert (patient.email, patient.mobile, patient.birth_date) == (holder.email, holder.mobile, holder.birth_date)
    assert RecordTie.objects.get(user=holder, patient=patient).relationship == Relationship.SELF
    assert booker(holder, BookedFor.SELF).patient == patient


def test_for_oneself_the_only_record_that_agrees_in_everything_is_taken(
    booker: Booker, holder: User, practice: Practice, alice: User
) -> None:
    same: dict[str, Any] = {"first_name": "Hugo", "last_name": "MARTIN", "birth_date": date(1979, 6, 17)}
    exact = create_patient(practice=practice, **same, email=holder.email, mobile=holder.mobile, by=alice)
    create_patient(practice=practice, **same, email=holder.email, mobile=None, by=alice)
    assert booker(holder, BookedFor.SELF).patient == exact


@pytest.mark.parametrize("difference", ["birth_date", "email", "mobile", "first_name"])
def test_for_oneself_a_record_that_differs_in_anything_is_left_alone(
    booker: Booker, holder: User, practice: Practice, alice: User, difference: str
) -> None:
    facts: dict[str, Any] = {
        "first_name": "Hugo",
        "last_name": "Martin",
        "birth_date": date(1979, 6, 17),
        "email": holder.email,
        "mobile": holder.mobile,
    }
    other = {
        "birth_date": date(1979, 6, 18),
        "email": "x@courriel.example",
        "mobile": "+33612000009",
        "first_name": "Ana",
    }
    alike = create_patient(practice=practice, **(facts | {difference: other[difference]}), by=alice)
    patient = booker(holder, BookedFor.SELF).patient
    assert patient != alike
    assert not alike.ties.exists()


def test_two_records_that_agree_in_everything_are_shown_to_staff_and_neither_is_guessed(
    booker: Booker, holder: User, practice: Practice, alice: User
) -> None:
    same: dict[str, Any] = {"first_name": "Hugo", "last_name": "Martin", "birth_date": date(1979, 6, 17)}
    same |= {"email": holder.email, "mobile": holder.mobile}
    pair = {create_patient(practice=practice, **same, by=alice).pk for _ in range(2)}
    patient = booker(holder, BookedFor.SELF).patient
    assert patient.pk not in pair
    assert {one.patient.pk for one in likenesses_of(patient)} == pair


def test_a_record_that_is_somebody_elses_already_is_never_tied_again(
    booker: Booker, holder: User, practice: Practice, alice: User, bob: User
) -> None:
    taken = create_patient(
        practice=practice,
        first_name="Hugo",
        last_name="Martin",
        birth_date=date(1979, 6, 17),
        email=holder.email,
        mobile=holder.mobile,
        by=alice,
    )
    RecordTie.objects.create(
        user=bob, patient=taken, relationship="self", proved_email=holder.email, proved_mobile="+33698765432"
    )
    assert booker(holder, BookedFor.SELF).patient != taken


@pytest.mark.parametrize("lacking", ["birth_date", "mobile_verified_at", "first_name"])
def test_for_oneself_the_account_must_be_known_and_proved(booker: Booker, holder: User, lacking: str) -> None:
    setattr(holder, lacking, "" if lacking == "first_name" else None)
    holder.save()
    with pytest.raises(IdentityIncomplete):
        booker(holder, BookedFor.SELF)
    assert not Appointment.objects.exists()


def test_an_adult_relative_with_own_contacts_receives_alone(booker: Booker, holder: User) -> None:
    recipient = resolve(booker(holder, BookedFor.ADULT_RELATIVE, ODETTE))
    assert (recipient.state, recipient.audience) == (RecipientState.READY, Audience.PATIENT)


def test_an_adult_relative_without_contacts_needs_an_authorisation(booker: Booker, holder: User) -> None:
    assert resolve(booker(holder, BookedFor.ADULT_RELATIVE, PAUL)).state == RecipientState.NEEDS_AUTHORISATION


def test_the_holders_own_contacts_are_nobody_elses(booker: Booker, holder: User) -> None:
    person = Person("Paul", "Martin", PAUL.birth_date, holder.email.upper(), holder.mobile)
    appointment = booker(holder, BookedFor.ADULT_RELATIVE, person)
    assert appointment.patient.missing_contacts == ["email", "mobile"]
    assert resolve(appointment).state == RecipientState.NEEDS_AUTHORISATION


@pytest.mark.parametrize(
    ("email", "mobile", "field"), [("a@b.example", None, "mobile"), (None, "0612000001", "email")]
)
def test_an_adult_has_both_contacts_or_neither(
    booker: Booker, holder: User, email: str | None, mobile: str | None, field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        booker(holder, BookedFor.ADULT_RELATIVE, Person("Paul", "Martin", PAUL.birth_date, email, mobile))
    assert list(refused.value.message_dict) == [field]
    assert not Relative.objects.exists()


def test_a_child_is_the_holders_and_keeps_no_contacts_of_its_own(booker: Booker, holder: User) -> None:
    person = Person("Léo", "Martin", LEO.birth_date, "leo@courriel.example", "0612000007")
    appointment = booker(holder, BookedFor.MINOR_RELATIVE, person)
    assert appointment.patient.missing_contacts == ["email", "mobile"]
    assert resolve(appointment).holder == holder


@pytest.mark.parametrize(("booked_for", "person"), [("adult_relative", LEO), ("minor_relative", PAUL)])
def test_age_and_kind_of_relative_must_agree(booker: Booker, holder: User, booked_for: str, person: Person) -> None:
    with pytest.raises(ValidationError, match="date de naissance"):
        booker(holder, BookedFor(booked_for), person)


def test_a_relative_is_kept_and_is_the_same_record_the_next_time(booker: Booker, holder: User) -> None:
    first = booker(holder, BookedFor.ADULT_RELATIVE, PAUL)
    again = booker(holder, BookedFor.ADULT_RELATIVE, Person(" paul ", "MARTIN", PAUL.birth_date))
    assert again.patient == first.patient
    relative = Relative.objects.of(holder).get()
    forget_relative(relative=relative)
    assert not Relative.objects.of(holder).exists()
    assert booker(holder, BookedFor.ADULT_RELATIVE, PAUL).patient == first.patient
    assert Relative.objects.of(holder).exists()


def test_contacts_given_later_fill_a_record_that_has_none_and_never_replace_any(
    booker: Booker, holder: User, alice: User
) -> None:
    BookingPolicy.objects.create(practice=booker.agenda.practice, most_per_person=9)
    patient = booker(holder, BookedFor.ADULT_RELATIVE, PAUL).patient
    given = Person("Paul", "Martin", PAUL.birth_date, "paul@courriel.example", "0612000002")
    assert booker(holder, BookedFor.ADULT_RELATIVE, given).patient.email == "paul@courriel.example"
    assert AuditEvent.objects.filter(object_id=patient.pk, action="contact.changed", actor_id=holder.pk).exists()
    other = Person("Paul", "Martin", PAUL.birth_date, "autre@courriel.example", "0612000003")
    assert booker(holder, BookedFor.ADULT_RELATIVE, other).patient.email == "paul@courriel.example"
    change_patient(patient=patient, by=alice, mobile=None)  # the booker still cannot change it
    assert booker(holder, BookedFor.ADULT_RELATIVE, other).patient.email == "paul@courriel.example"


def test_a_relative_is_never_a_record_of_the_practice_by_its_names(
    booker: Booker, holder: User, practice: Practice, alice: User
) -> None:
    known = create_patient(
        practice=practice,
        first_name="Paul",
        last_name="Martin",
        birth_date=PAUL.birth_date,
        email="vrai@courriel.example",
        mobile="0612000005",
        by=alice,
    )
    patient = booker(holder, BookedFor.ADULT_RELATIVE, PAUL).patient
    assert patient != known
    assert [one.patient for one in likenesses_of(patient)] == [known]


# --- One slot, one person -----------------------------------------------------------------------------------


def test_a_slot_taken_meanwhile_is_refused_with_the_next_ones(booker: Booker, holder: User) -> None:
    first = booker(holder, BookedFor.SELF)
    with pytest.raises(SlotTaken) as taken:
        booker(holder, BookedFor.SELF, starts_at=first.starts_at)
    assert [f"{slot.start:%H:%M}" for slot in taken.value.next_free] == ["09:20", "09:40", "10:00"]


def test_a_moment_that_is_no_slot_is_refused(booker: Booker, holder: User, open_agenda: Agenda) -> None:
    for wrong in (
        at(open_agenda, booker.day, 9, 7),
        at(open_agenda, booker.day, 3),
        timezone.now() - timedelta(days=1),
    ):
        with pytest.raises(SlotTaken):
            booker(holder, BookedFor.SELF, starts_at=wrong)


@pytest.mark.parametrize("change", [{"books_online": False}, {"is_active": False}, {"in_person": False}])
def test_what_is_not_offered_online_cannot_be_booked(
    booker: Booker, holder: User, visit_reason: VisitReason, change: dict[str, bool]
) -> None:
    VisitReason.objects.filter(pk=visit_reason.pk).update(**change)
    visit_reason.refresh_from_db()
    with pytest.raises(ValidationError):
        booker(holder, BookedFor.SELF)


@pytest.mark.django_db(transaction=True)
def test_two_people_after_one_slot_at_once_and_one_gets_it(booker: Booker, holder: User, marie: Patient) -> None:
    start = at(booker.agenda, booker.day, 10)
    outcomes: list[str] = []
    barrier = threading.Barrier(4)

    def try_to_book(rank: int) -> None:
        try:
            barrier.wait(10)
            booker(holder, BookedFor.ADULT_RELATIVE, Person("Paul", f"M{rank}", PAUL.birth_date), starts_at=start)
            outcomes.append("booked")
        except SlotTaken:
            outcomes.append("taken")
        finally:
            connection.close()

    threads = [threading.Thread(target=try_to_book, args=(rank,)) for rank in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["booked", "taken", "taken", "taken"]
    assert Appointment.objects.filter(starts_at=start).count() == 1
    assert Relative.objects.count() == 1  # a refused booking creates nothing


# --- Told, moved, cancelled -----------------------------------------------------------------------------------


def test_a_booking_is_told_with_a_calendar_file_and_without_the_reason(booker: Booker, holder: User) -> None:
    appointment = booker(holder, BookedFor.ADULT_RELATIVE, ODETTE)
    told = Message.objects.filter(about=appointment.pk)
    assert set(told.values_list("channel", "to")) == {
        ("email", holder.email),
        ("sms", holder.mobile),
        ("email", "odette@courriel.example"),
        ("sms", "+33612000001"),
    }
    for message in told:
        everything = message.subject + message.body + message.calendar
        for secret in ("Consultation", "suivi", "Martin"):
            assert secret not in everything
        assert "Odette" not in message.subject + message.calendar
    calendar = told.get(to=holder.email).calendar
    assert f"UID:{appointment.pk}@" in calendar
    assert "METHOD:PUBLISH" in calendar
    assert "SEQUENCE:0" in calendar


def test_an_adult_relative_without_contacts_is_not_written_to(booker: Booker, holder: User) -> None:
    appointment = booker(holder, BookedFor.ADULT_RELATIVE, PAUL)
    told = Message.objects.filter(about=appointment.pk)
    assert set(told.values_list("to", flat=True)) == {holder.email, holder.mobile}


def test_moving_and_cancelling_are_told_and_the_calendar_follows(booker: Booker, holder: User, alice: User) -> None:
    calendars: list[str] = []

    def leaves() -> None:
        (message,) = Message.objects.filter(about=appointment.pk, channel="email", state="queued")
        calendars.append(message.calendar)
        Message.objects.filter(pk=message.pk).update(state="sent", sent_at=timezone.now())

    appointment = booker(holder, BookedFor.SELF)
    leaves()
    move(appointment=appointment, by=alice, starts_at=appointment.starts_at + timedelta(hours=1))
    leaves()
    cancel_online(appointment=appointment, by=holder)
    leaves()
    for sequence, calendar in enumerate(calendars):
        assert f"SEQUENCE:{sequence}\r\n" in calendar
    assert "STATUS:CANCELLED" in calendars[2]
    assert "METHOD:CANCEL" in calendars[2]
    actions = AuditEvent.objects.about(appointment.pk).values_list("action", flat=True)
    assert list(actions) == ["appointment.booked", "appointment.moved", "appointment.cancelled"]


def test_the_holder_cancels_until_the_practices_limit(booker: Booker, holder: User, practice: Practice) -> None:
    appointment = booker(holder, BookedFor.SELF)
    BookingPolicy.objects.create(practice=practice, cancel_minutes=60 * 24 * 30)
    with pytest.raises(TooLate):
        cancel_online(appointment=appointment, by=holder)
    with pytest.raises(TooLate):
        move_online(appointment=appointment, by=holder, starts_at=appointment.starts_at + timedelta(hours=1))
    BookingPolicy.objects.update(cancel_minutes=60)
    assert cancel_online(appointment=appointment, by=holder).status == AppointmentStatus.CANCELLED
    assert cancel_online(appointment=appointment, by=holder).status == AppointmentStatus.CANCELLED
    assert AuditEvent.objects.filter(action="appointment.cancelled").count() == 1


def test_the_holder_moves_to_a_free_slot_only_and_may_overlap_the_old_one(booker: Booker, holder: User) -> None:
    first, second = booker(holder, BookedFor.SELF), booker(holder, BookedFor.SELF)
    with pytest.raises(SlotTaken):
        move_online(appointment=first, by=holder, starts_at=second.starts_at)
    moved = move_online(appointment=first, by=holder, starts_at=first.starts_at + timedelta(hours=1))
    assert moved.starts_at == first.starts_at + timedelta(hours=1)


def test_what_staff_moved_since_the_holder_looked_is_not_moved_from_there(
    booker: Booker, holder: User, alice: User
) -> None:
    """Whatever the page showed the holder, and however recently."""
    seen = booker(holder, BookedFor.SELF)
    by_staff = move(appointment=seen, by=alice, starts_at=seen.starts_at + timedelta(hours=2))
    wished = seen.starts_at + timedelta(minutes=40)
    with pytest.raises(MovedMeanwhile):
        move_online(appointment=seen, by=holder, starts_at=wished, seen=seen.starts_at)
    seen.refresh_from_db()
    assert seen.starts_at == by_staff.starts_at
    assert move_online(appointment=seen, by=holder, starts_at=wished, seen=by_staff.starts_at).starts_at == wished
    assert move_online(appointment=seen, by=holder, starts_at=wished, seen=by_staff.starts_at).starts_at == wished


def test_nobody_else_cancels_or_moves_it(booker: Booker, holder: User, charlie: User) -> None:
    appointment = booker(holder, BookedFor.SELF)
    with pytest.raises(Appointment.DoesNotExist):
        cancel_online(appointment=appointment, by=charlie)
    with pytest.raises(Appointment.DoesNotExist):
        move_online(appointment=appointment, by=charlie, starts_at=appointment.starts_at + timedelta(hours=1))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "first_name",
    [
        "Gagnez sur https://evil.example/x",
        "www.evil.example",
        "evil.example",
        "evil\u3002example",
        "evil\uff0eexample",
        "x@evil.example",
        "<a href='https://evil.example'>Cliquez</a>",
    ],
)
def test_a_name_that_a_booker_gives_is_no_link_in_what_is_sent_to_others(
    booker: Booker, holder: User, first_name: str
) -> None:
    booker(holder, BookedFor.ADULT_RELATIVE, replace(ODETTE, first_name=first_name))
    sent = Message.objects.get(channel="email", to=ODETTE.email)
    for text in (sent.body, sent.html):
        assert "Pour" in text
        assert re.search(r"evil[.\u3002\uff0e]example|https://\w|@evil|www\.evil", text) is None
    assert "<a href='" not in sent.html


@pytest.mark.django_db
@pytest.mark.parametrize("first_name", ["Odette", "J.-P.", "Marie Ange", "D’Arcy", "Anne-Laure"])
def test_a_name_stays_as_it_is(booker: Booker, holder: User, first_name: str) -> None:
    booker(holder, BookedFor.ADULT_RELATIVE, replace(ODETTE, first_name=first_name))
    sent = Message.objects.get(channel="email", to=ODETTE.email)
    assert f"Pour\u00a0: {first_name}" in sent.body
