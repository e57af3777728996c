"""After a correction of contacts: failed messages that are still of use are sent to the new ones, once; outdated ones
and other people's are not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Unpack

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.booking import delete
from appointments.cancelling import cancel
from appointments.messages import plan_booking_messages, remind, rewrite_waiting
from appointments.models import Appointment, BookedFor, Reminder
from appointments.models.reminder import ReminderState
from appointments.moving import move
from appointments.notices import settle, to_be_seen_to
from appointments.redirection import redirect_holder
from documents.models import LibraryDocument
from documents.sharing.deliveries import needing_attention, notices_that_failed
from documents.sharing.share import share_library_document
from notifications.models import Channel, Message, MessageState
from patients.models import Patient
from patients.records import PatientChanges, change_patient
from tests.conftest import BookFixture

pytestmark = pytest.mark.django_db
WRONG, RIGHT = "+33612345678", "+33698765432"
RIGHT_EMAIL = "marie@durand.example"


def fails(**which: object) -> None:
    """Messages matching `which` fail (by default all SMS); the others leave."""
    Message.objects.filter(**(which or {"channel": Channel.SMS})).update(
        state=MessageState.FAILED, cause="number_refused", body=""
    )
    Message.objects.filter(state=MessageState.QUEUED).update(state=MessageState.SENT, sent_at=timezone.now())


def waiting(to: str = RIGHT) -> list[Message]:
    return list(Message.objects.filter(state=MessageState.QUEUED, to=to))


def correct(patient: Patient, by: User, **contacts: Unpack[PatientChanges]) -> None:
    patient.refresh_from_db()
    right: PatientChanges = {"mobile": RIGHT}
    change_patient(patient=patient, by=by, **(contacts or right))


def reminds(one: Appointment) -> None:
    reminder = Reminder.objects.create(
        appointment=one, channel=Channel.SMS, offset_hours=30, due_at=timezone.now(), state=ReminderState.SENT,
        sent_at=timezone.now(),
    )  # fmt: skip
    for message, _appointments in remind(Channel.SMS, [one]):
        reminder.messages.add(message)


KINDS: dict[str, tuple[Callable[[Appointment, User], object], str]] = {
    "moved": (lambda one, by: move(appointment=one, by=by, starts_at=one.starts_at + timedelta(days=1)), "déplacé"),
    "cancelled": (lambda one, by: cancel(appointment=one, by=by), "annulation"),
    "reminded": (lambda one, _by: reminds(one), "rappel"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_failed_goes_to_the_new_number_once_and_leaves_the_list(
    appointment: Appointment, marie: Patient, alice: User, kind: str
) -> None:
    does, words = KINDS[kind]
    does(appointment, alice)
    fails()
    listed = to_be_seen_to(notices_that_failed(alice, appointment.practice))
    assert listed.count() == 1
    correct(marie, alice)
    [sms] = waiting()
    assert words in sms.body
    assert not listed.exists()
    correct(marie, alice, mobile="+33698765433")
    [again] = waiting("+33698765433")
    assert again.pk == sms.pk or kind == "reminded"  # whose link is of its contact
    assert not waiting()


def test_by_email_too_with_its_calendar(appointment: Appointment, marie: Patient, alice: User) -> None:
    KINDS["moved"][0](appointment, alice)
    fails(channel=Channel.EMAIL)
    correct(marie, alice, email=RIGHT_EMAIL)
    [email] = waiting(RIGHT_EMAIL)
    assert "BEGIN:VCALENDAR" in email.calendar
    assert not waiting(WRONG)


OBSOLETE: dict[str, Callable[[Appointment, User], object]] = {
    "cancelled since": lambda one, by: cancel(appointment=one, by=by),
    "over": lambda one, _by: Appointment.objects.update(starts_at=timezone.now() - timedelta(hours=1)),
    "seen to by staff": lambda one, by: settle(
        message=Message.objects.get(state="failed"), practice=one.practice, by=by
    ),
    "moved since, which arrived": lambda one, by: move(
        appointment=one, by=by, starts_at=one.starts_at + timedelta(days=2)
    ),
}


@pytest.mark.parametrize("since", OBSOLETE)
def test_what_is_of_no_use_is_not_sent_again(
    appointment: Appointment, marie: Patient, alice: User, since: str
) -> None:
    KINDS["moved"][0](appointment, alice)
    fails()
    appointment.refresh_from_db()
    OBSOLETE[since](appointment, alice)
    Message.objects.filter(state=MessageState.QUEUED).update(state=MessageState.SENT, sent_at=timezone.now())
    correct(marie, alice)
    assert not waiting()


def test_what_failed_for_whoever_booked_waits_for_their_own_correction(
    book_for: BookFixture, marie: Patient, hugo: User, alice: User
) -> None:
    booked = book_for(marie, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    plan_booking_messages(booked)
    former = str(hugo.mobile)
    fails(to=former)
    correct(marie, alice)
    assert not Message.objects.filter(state=MessageState.QUEUED).exists()
    hugo.mobile = RIGHT
    hugo.save()
    redirect_holder(holder=hugo, former=former, new=RIGHT)
    [sms] = waiting()
    assert "rendez-vous pris" in sms.body


def test_unread_documents_are_told_of_anew_together(
    appointment: Appointment, access_plan: LibraryDocument, marie: Patient, bob: User
) -> None:
    for _time in range(2):
        share_library_document(appointment=appointment, library_document=access_plan, by=bob)
    fails()
    Message.objects.update(created_at=timezone.now() - timedelta(hours=2))
    assert needing_attention(bob, appointment.practice).count() == 2
    correct(marie, bob)
    [sms] = waiting()
    assert "2 documents" in sms.body
    assert needing_attention(bob, appointment.practice).count() == 0


def test_read_documents_are_not(
    appointment: Appointment, access_plan: LibraryDocument, marie: Patient, bob: User
) -> None:
    document = share_library_document(appointment=appointment, library_document=access_plan, by=bob)
    fails()
    type(document).objects.update(first_read_at=timezone.now())
    correct(marie, bob)
    assert not waiting()


def moved(one: Appointment, by: User) -> object:
    return move(appointment=one, by=by, starts_at=one.starts_at + timedelta(days=1))


TOLD: dict[str, Callable[[Appointment, User], object]] = {
    "moved": moved,
    "changed": lambda one, by: rewrite_waiting(one, by=by, differs=True),
    "cancelled": lambda one, by: cancel(appointment=one, by=by),
    "reminder": lambda one, _by: reminds(one),
}
SAYS = {"moved": "déplacé", "changed": "modifié", "cancelled": "annulation", "reminder": "rappel"}
SUBJECTS = ["Un ancien libellé", "Votre rendez-vous est annulé", "Votre rendez-vous est pris", ""]


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("kind", TOLD)
def test_what_is_sent_again_is_what_was_recorded_whatever_the_words(
    appointment: Appointment, marie: Patient, alice: User, kind: str, subject: str
) -> None:
    """The words change from one release to the next."""
    TOLD[kind](appointment, alice)
    fails()
    Message.objects.update(subject=subject)
    correct(marie, alice)
    [sms] = waiting()
    assert sms.kind == kind
    assert SAYS[kind] in sms.body


@pytest.mark.parametrize("subject", [None, *SUBJECTS])
@pytest.mark.parametrize("kind", ["", "of a later release"])
@pytest.mark.parametrize("told", ["moved", "changed", "cancelled"])
def test_what_nobody_recorded_stays_for_staff(
    appointment: Appointment, marie: Patient, alice: User, told: str, kind: str, subject: str | None
) -> None:
    TOLD[told](appointment, alice)
    fails()
    Message.objects.update(kind=kind, **({} if subject is None else {"subject": subject}))
    correct(marie, alice)
    marie.refresh_from_db()
    assert marie.mobile == RIGHT
    assert not waiting()
    assert to_be_seen_to(notices_that_failed(alice, appointment.practice)).count() == 1


def test_a_reminder_of_the_release_before_is_known_by_its_row(
    appointment: Appointment, marie: Patient, alice: User
) -> None:
    reminds(appointment)
    fails()
    Message.objects.update(kind="", subject="Un ancien libellé")
    correct(marie, alice)
    [sms] = waiting()
    assert "rappel" in sms.body


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize(("kind", "says"), [("moved", "déplacé"), ("booked", "pris"), ("changed", "modifié"),
                                            ("", "rappel")])  # fmt: skip
@pytest.mark.parametrize("channel", Channel)
def test_what_waits_is_written_anew_as_what_was_recorded(
    appointment: Appointment, alice: User, channel: Channel, kind: str, says: str, subject: str
) -> None:
    """With another practitioner before it has left. What says nothing of itself becomes what is true: a reminder."""
    moved(appointment, alice)
    Message.objects.update(kind=kind, subject=subject)
    appointment.refresh_from_db()
    rewrite_waiting(appointment, by=alice, differs=True)
    [message] = Message.objects.filter(channel=channel, state=MessageState.QUEUED)
    assert says in (message.subject + message.body).lower()
    assert message.kind == (kind or "reminder")
    rewrite_waiting(appointment, by=alice, differs=True)
    [message] = Message.objects.filter(channel=channel, state=MessageState.QUEUED)
    assert message.kind == (kind or "reminder")


@pytest.mark.parametrize("before", [None, "moved"])
@pytest.mark.parametrize("first", ["failed", "waits"])
def test_news_of_a_deletion_that_failed_stays_for_staff_until_they_settle_it(
    book_for: BookFixture, marie: Patient, alice: User, first: str, before: str | None
) -> None:
    """Each of them: they are all about the record, and none replaces another."""
    booked = [book_for(marie) for _time in range(2)]
    listed = to_be_seen_to(notices_that_failed(alice, booked[0].practice))
    for one in booked:
        if before:
            TOLD[before](one, alice)
            one.refresh_from_db()
        if first == "failed":
            fails()
        delete(appointment=one, by=alice)
    fails()
    assert [one.kind for one in listed.all()] == ["cancelled", "cancelled"]
    correct(marie, alice)
    assert not waiting()
    assert listed.count() == 2
    settle(message=listed.all()[0], practice=booked[0].practice, by=alice)
    assert listed.count() == 1
