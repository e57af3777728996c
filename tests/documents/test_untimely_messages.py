"""Messages at a bad time: at night, after the visit, or about deleted objects."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.booking import delete
from appointments.cancelling import cancel
from appointments.models import Agenda, Appointment, Reminder, ReminderPolicy, VisitReason
from appointments.moving import move
from documents.models import AutoSend, LibraryDocument, SharedDocument
from documents.models.autosend import Moment
from documents.sending.autosend import send_due
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.share import share_library_document, take_back
from notifications.models import Channel, Message, MessageState
from patients.invitations import invite_after_identity_check, invite_again
from patients.models import Patient
from patients.records import FormerContacts, change_patient
from practices.models import Practice
from tests.conftest import BookFixture
from tests.documents.catalogue import again

pytestmark = pytest.mark.django_db
ZONES = ["Europe/Paris", "America/Cayenne", "Pacific/Noumea"]  # practices of France, four and ten hours apart


@pytest.fixture
def make_rule(carol: User, access_plan: LibraryDocument) -> Callable[..., object]:
    def _make(**content: Any) -> object:
        asked = {"name": "Plan", "documents": [access_plan], **content}
        return save_rule(practice=access_plan.practice, content=RuleContent(**asked), by=carol)

    return _make


@pytest.fixture
def quiet_now(practice: Practice) -> Callable[[bool], None]:
    """A function that sets whether it is night at the practice, at any time of the test."""

    def _set(quiet: bool) -> None:
        local = timezone.localtime(timezone=practice.zone)
        first, last = ((local + timedelta(hours=hours)).time() for hours in ((-2, 2) if quiet else (2, 6)))
        ReminderPolicy.objects.update_or_create(
            practice=practice,
            defaults={"quiet_from": first.replace(microsecond=0), "quiet_until": last.replace(microsecond=0)},
        )

    return _set


@pytest.mark.parametrize("zone", ZONES)
def test_an_automatic_sms_waits_for_the_morning_and_the_email_does_not(
    practice: Practice,
    make_rule: Callable[..., object],
    quiet_now: Callable[[bool], None],
    marie: Patient,
    book_for: BookFixture,
    zone: str,
) -> None:
    Practice.objects.filter(pk=practice.pk).update(time_zone=zone)
    practice.refresh_from_db()
    quiet_now(True)
    make_rule()
    book_for(marie)
    send_due()
    now = timezone.now()
    email, sms = Message.objects.order_by("channel")
    assert email.due_at <= now
    assert timedelta(minutes=110) < sms.due_at - now < timedelta(minutes=121)
    until = ReminderPolicy.of(practice).quiet_until
    assert timezone.localtime(sms.due_at, practice.zone).time() == until


def test_by_day_both_leave_at_once(
    make_rule: Callable[..., object], quiet_now: Callable[[bool], None], marie: Patient, book_for: BookFixture
) -> None:
    quiet_now(False)
    make_rule()
    book_for(marie)
    send_due()
    assert Message.objects.filter(due_at__lte=timezone.now()).count() == 2


@pytest.mark.parametrize("change", ["cancel", "move", "take back"])
def test_the_sms_of_the_morning_follows_what_happens_in_the_night(
    make_rule: Callable[..., object],
    quiet_now: Callable[[bool], None],
    marie: Patient,
    book_for: BookFixture,
    alice: User,
    change: str,
) -> None:

    quiet_now(True)
    make_rule()
    booked = book_for(marie)
    send_due()
    waiting = Message.objects.get(channel=Channel.SMS)
    if change == "cancel":
        cancel(appointment=booked, by=alice)
    elif change == "take back":
        take_back(document=SharedDocument.objects.get(), by=alice)
    else:
        move(appointment=booked, by=alice, starts_at=booked.starts_at + timedelta(days=3))
    assert not Message.objects.filter(pk=waiting.pk).exists()
    of_documents = Message.objects.filter(body__isnull=False, topic="", state=MessageState.QUEUED)
    goes = [one for one in of_documents if "/d/" in one.body]
    assert {one.channel for one in goes} == ({"email", "sms"} if change == "move" else set())
    assert all(one.due_at > timezone.now() for one in goes if one.channel == Channel.SMS)


@pytest.mark.parametrize("ago", [timedelta(days=3), timedelta(hours=2), timedelta(minutes=25)])
@pytest.mark.parametrize("moment", list(Moment))
def test_a_visit_noted_afterwards_sends_nothing(
    make_rule: Callable[..., object], marie: Patient, book_for: BookFixture, moment: Moment, ago: timedelta
) -> None:
    make_rule(moment=moment, offset_hours=0 if moment != Moment.BEFORE else 24)
    booked = book_for(marie, starts_at=datetime.now(UTC) - ago)
    send_due()
    assert not Message.objects.exists()
    assert not AutoSend.objects.filter(appointment=booked).exists()
    assert not Reminder.objects.filter(appointment=booked).exists()


def test_another_reason_of_a_visit_that_is_over_sends_nothing(
    make_rule: Callable[..., object], marie: Patient, book_for: BookFixture, alice: User, practice: Practice
) -> None:
    booked = book_for(marie, starts_at=datetime.now(UTC) - timedelta(days=3))
    make_rule()
    other = VisitReason.objects.create(practice=practice, name="Autre", duration_minutes=30)
    other.agendas.add(booked.agenda)
    move(appointment=again(booked), by=alice, visit_reason=other)
    send_due()
    assert not Message.objects.exists()


def test_what_is_for_at_booking_goes_to_whoever_is_in_the_waiting_room(
    make_rule: Callable[..., object], marie: Patient, book_for: BookFixture
) -> None:
    make_rule()
    book_for(marie, starts_at=datetime.now(UTC) - timedelta(minutes=5))
    send_due()
    assert Message.objects.count() == 2


@pytest.mark.parametrize("last", [True, False])
def test_an_invitation_does_not_announce_a_document_that_was_taken_back(
    appointment: Appointment, alice: User, access_plan: LibraryDocument, marie: Patient, last: bool
) -> None:
    documents = [
        share_library_document(appointment=again(appointment), library_document=access_plan, by=alice)
        for _each in range(1 if last else 2)
    ]
    invite_again(patient=marie, by=alice)
    take_back(document=documents[0], by=alice)
    assert Message.objects.filter(state=MessageState.QUEUED).exists() is not last


def test_an_invitation_after_a_check_of_identity_is_no_announcement(
    appointment: Appointment, alice: User, access_plan: LibraryDocument, marie: Patient
) -> None:
    document = share_library_document(appointment=again(appointment), library_document=access_plan, by=alice)
    Message.objects.all().delete()
    invite_after_identity_check(patient=marie, by=alice)
    take_back(document=document, by=alice)
    assert Message.objects.filter(state=MessageState.QUEUED).count() == 1


@pytest.mark.parametrize("cancelled_before", [True, False])
@pytest.mark.parametrize("new", ["marie@nouveau.example", None])
def test_what_tells_of_a_deleted_appointment_follows_the_contacts_whenever_it_was_cancelled(
    alice: User, marie: Patient, appointment: Appointment, new: str | None, cancelled_before: bool
) -> None:
    if cancelled_before:
        cancel(appointment=appointment, by=alice)
    delete(appointment=appointment, by=alice)
    former = marie.email
    change_patient(patient=marie, email=new, former_contacts=FormerContacts.SOMEONE_ELSE, by=alice)
    waiting = Message.objects.filter(channel=Channel.EMAIL, state=MessageState.QUEUED)
    assert not waiting.filter(to=former).exists()
    assert [one.to for one in waiting] == ([new] if new else [])


@pytest.mark.parametrize(("former", "new"), [("fr", "en"), ("en", "fr")])
def test_what_is_written_anew_in_another_language_still_says_that_it_was_moved(
    alice: User, marie: Patient, appointment: Appointment, visit_reason: VisitReason, former: str, new: str
) -> None:
    said = {"fr": "Votre rendez-vous est déplacé", "en": "Your appointment has moved"}
    change_patient(patient=marie, language=former, by=alice)
    move(appointment=appointment, starts_at=appointment.starts_at + timedelta(hours=2), by=alice)
    change_patient(patient=marie, language=new, by=alice)
    another = Agenda.objects.create(practice=appointment.practice, name="Dr Petit")
    visit_reason.agendas.add(another)
    move(appointment=appointment, agenda=another, by=alice)
    waiting = Message.objects.get(channel=Channel.EMAIL, state=MessageState.QUEUED)
    assert waiting.subject.startswith(said[new])
