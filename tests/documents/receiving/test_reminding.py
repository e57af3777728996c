"""One reminder, by day, before the limit, while something is missing; and the end of what nobody answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.cancelling import cancel
from appointments.models import Appointment
from appointments.moving import move
from audit.models import AuditEvent
from documents.models import DocumentLink, DocumentRequest, RequestState
from documents.models.autosend import LinkEnd
from documents.receiving.access import asked_by_link
from documents.receiving.asking import AskedAMomentAgo, RequestOver, ask_again, cancel_request, note_obtained
from documents.receiving.reminding import close_unanswered, remind_of_requests
from documents.receiving.sending import send_files, take_back
from documents.sending.autosend import send_due
from documents.sending.links import end_links, find_link, find_link_again
from documents.sending.rules import Asks, RuleContent, save_rule
from documents.sharing.deliveries import attention_count, late_requests
from files.intake import Intake
from notifications.models import Message, MessageState
from patients.models import Patient
from practices.models import Practice
from tests.conftest import BookFixture
from tests.documents.receiving.conftest import Ask, again

pytestmark = [pytest.mark.django_db, pytest.mark.night]
LABEL = "Ordonnance de votre médecin traitant"


def at(day: int, hour: int, practice: Practice) -> datetime:
    """So many days from now, at this hour of the practice's clock."""
    return datetime.combine(
        timezone.localdate(timezone=practice.zone) + timedelta(days=day), time(hour), practice.zone
    )


@pytest.fixture
def request_(book_for: BookFixture, marie: Patient, ask_for: Ask, practice: Practice) -> DocumentRequest:
    """For a visit in five days at ten."""
    asked = ask_for(book_for(marie, starts_at=at(5, 10, practice)))
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    return asked


def leave() -> None:
    """Every message has left."""
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())


def reminders() -> list[Message]:
    found = Message.objects.filter(state=MessageState.QUEUED, topic__in=("request", "link"))
    return [one for one in found if "Rappel" in one.subject]


def test_it_is_reminded_once_by_day_and_never_of_what(request_: DocumentRequest, practice: Practice) -> None:
    assert remind_of_requests(now=at(2, 12, practice)) == 0  # too early
    assert remind_of_requests(now=at(4, 3, practice)) == 0  # at night
    assert remind_of_requests(now=at(4, 9, practice)) == 1
    assert {one.channel for one in reminders()} == {"email", "sms"}
    for message in reminders():
        assert LABEL not in message.subject + message.body + message.html
    assert remind_of_requests(now=at(4, 10, practice)) == 0
    leave()
    assert remind_of_requests(now=at(4, 10, practice)) == 0  # not once its message has left, either
    assert AuditEvent.objects.filter(action="request.reminded").count() == 1


def test_nothing_is_reminded_that_was_asked_a_moment_ago_or_is_past(
    request_: DocumentRequest, practice: Practice
) -> None:
    DocumentRequest.objects.update(asked_at=at(4, 8, practice))
    assert remind_of_requests(now=at(4, 12, practice)) == 0
    DocumentRequest.objects.update(asked_at=at(1, 8, practice), due_at=at(3, 8, practice))
    assert remind_of_requests(now=at(4, 12, practice)) == 0


def test_what_came_or_is_asked_no_more_calls_the_reminder_off(
    request_: DocumentRequest, maries_account: User, receive: Callable[[], Intake], practice: Practice, bob: User
) -> None:
    remind_of_requests(now=at(4, 9, practice))
    assert reminders()
    (sent,) = send_files(request=request_, intakes=[receive()], by=maries_account)
    assert not reminders()
    take_back(received=sent, by=maries_account)
    DocumentRequest.objects.update(reminded_at=None)
    remind_of_requests(now=at(4, 9, practice))
    assert reminders()
    cancel_request(request=again(request_), by=bob)
    assert not reminders()


def test_nothing_is_reminded_while_it_waits_to_be_seen(
    request_: DocumentRequest, maries_account: User, receive: Callable[[], Intake], practice: Practice
) -> None:
    send_files(request=request_, intakes=[receive()], by=maries_account)
    assert remind_of_requests(now=at(4, 9, practice)) == 0


def test_a_moved_appointment_is_reminded_anew_and_a_cancelled_one_never(
    request_: DocumentRequest, practice: Practice, alice: User
) -> None:
    remind_of_requests(now=at(4, 9, practice))
    appointment = Appointment.objects.get()
    move(appointment=appointment, starts_at=at(15, 10, practice), by=alice)
    assert not reminders()
    assert remind_of_requests(now=at(4, 10, practice)) == 0
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    assert remind_of_requests(now=at(14, 9, practice)) == 1
    cancel(appointment=Appointment.objects.get(), by=alice)
    assert not reminders()
    assert remind_of_requests(now=at(14, 10, practice)) == 0


def test_what_a_rule_asked_is_reminded_by_its_link(
    practice: Practice, carol: User, book_for: BookFixture, marie: Patient
) -> None:
    content = RuleContent(name="Avant", documents=[], questions=[Asks(LABEL), Asks("Photo")])
    save_rule(practice=practice, content=content, by=carol)
    book_for(marie, starts_at=at(5, 10, practice))
    Patient.objects.update(mobile=None)  # one contact is enough
    send_due()
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    assert remind_of_requests(now=at(4, 9, practice)) == 1
    (mail,) = (one for one in reminders() if one.channel == "email")
    assert "/d/" in mail.body
    assert LABEL not in mail.body


def test_late_ones_are_listed_until_they_are_asked_again_done_or_expired(
    request_: DocumentRequest, practice: Practice, alice: User, rita: User
) -> None:
    assert not late_requests(alice, practice).exists()
    before = attention_count(alice, practice)
    Appointment.objects.update(starts_at=timezone.now() + timedelta(hours=5))
    assert not late_requests(alice, practice).exists(), "asked a moment ago"
    DocumentRequest.objects.update(asked_at=timezone.now() - timedelta(hours=5))
    assert [one.pk for one in late_requests(alice, practice)] == [request_.pk]
    assert attention_count(alice, practice) == before + 1
    with pytest.raises(AskedAMomentAgo):
        ask_again(request=again(request_), by=alice)
    Message.objects.update(created_at=timezone.now() - timedelta(hours=2))
    ask_again(request=again(request_), by=alice)
    assert reminders()
    for _ in range(2):
        note_obtained(request=again(request_), by=alice)
    assert again(request_).state == RequestState.ACCEPTED
    assert not reminders()
    assert not late_requests(alice, practice).exists()
    with pytest.raises(RequestOver):
        ask_again(request=again(request_), by=alice)


@pytest.mark.parametrize("change", ["limit", "start"])
def test_what_was_asked_a_moment_ago_is_late_once_its_limit_or_the_appointments_start_is_past(
    change: str, request_: DocumentRequest, practice: Practice, alice: User
) -> None:
    past = timezone.now() - timedelta(minutes=1)
    if change == "limit":
        DocumentRequest.objects.update(due_at=past)
    else:
        Appointment.objects.update(starts_at=past)
    assert late_requests(alice, practice).exists()


def test_what_nobody_answered_closes_thirty_days_after_the_appointment(
    request_: DocumentRequest, practice: Practice, maries_account: User, receive: Callable[[], Intake], ask_for: Ask
) -> None:
    other = ask_for(Appointment.objects.get(), "Photo")
    send_files(request=other, intakes=[receive()], by=maries_account)
    assert close_unanswered(now=at(34, 9, practice)) == 0
    assert close_unanswered(now=at(36, 9, practice)) == 1
    assert close_unanswered(now=at(36, 9, practice)) == 0
    assert (again(request_).state, again(other).state) == (RequestState.EXPIRED, RequestState.RECEIVED)
    assert AuditEvent.objects.filter(action="request.expired").count() == 1
    with pytest.raises(RequestOver):
        send_files(request=again(request_), intakes=[receive()], by=maries_account)


@pytest.fixture
def by_link(book_for: BookFixture, marie: Patient, carol: User, practice: Practice) -> DocumentRequest:
    """What a rule asks by a link, whose message has left two hours ago."""
    content = RuleContent(name="Avant", documents=[], questions=[Asks(LABEL), Asks("Photo")])
    save_rule(practice=practice, content=content, by=carol)
    book_for(marie, starts_at=at(5, 10, practice))
    send_due()
    Message.objects.update(
        state=MessageState.SENT, sent_at=timezone.now(), created_at=timezone.now() - timedelta(hours=2)
    )
    return again(DocumentRequest.objects.filter(label=LABEL).get())


def link_in_message() -> DocumentLink | None:
    (mail,) = (one for one in reminders() if one.channel == "email")
    token = re.search(r"/d/([^\s/]+)", mail.body)
    return find_link(token[1]) if token else None


@pytest.mark.parametrize("end", LinkEnd)
def test_staff_ask_again_by_a_new_link_where_the_first_is_closed(
    by_link: DocumentRequest, alice: User, end: LinkEnd
) -> None:
    former = DocumentLink.objects.get()
    end_links(DocumentLink.objects.all(), reason=end, by=alice)
    ask_again(request=again(by_link), by=alice)
    link = link_in_message()
    assert link is not None
    assert link.pk != former.pk
    assert by_link.pk in {one.pk for one in asked_by_link(link)}
    closed = find_link_again(former)
    assert closed is not None
    assert asked_by_link(closed) == []
    with pytest.raises(AskedAMomentAgo):
        ask_again(request=again(by_link), by=alice)


def test_a_reminder_after_a_closed_link_has_a_new_one_unless_staff_closed_it(
    by_link: DocumentRequest, alice: User, practice: Practice
) -> None:
    end_links(DocumentLink.objects.all(), reason=LinkEnd.CONTACTS_CHANGED, by=alice)
    assert remind_of_requests(now=at(4, 9, practice)) == 1
    link = link_in_message()
    assert link is not None
    assert {one.label for one in asked_by_link(link)} == {LABEL, "Photo"}
    assert remind_of_requests(now=at(4, 10, practice)) == 0
    leave()
    assert remind_of_requests(now=at(4, 10, practice)) == 0
    end_links(DocumentLink.objects.all(), reason=LinkEnd.STAFF, by=alice)
    DocumentRequest.objects.update(reminded_at=None)
    assert not reminders()
    assert remind_of_requests(now=at(4, 10, practice)) == 1
    assert link_in_message() is None  # the account is left
    assert DocumentLink.objects.filter(revoked_at=None).count() == 0


def test_a_reminder_by_an_open_link_makes_no_new_one(by_link: DocumentRequest, practice: Practice) -> None:
    former = DocumentLink.objects.get()
    assert remind_of_requests(now=at(4, 9, practice)) == 1
    assert link_in_message() == former == DocumentLink.objects.get()
    assert not AuditEvent.objects.filter(action="auto_send.sent_again").exists()  # staff would read of a new message


def test_what_two_closed_links_asked_is_reminded_to_the_account(
    by_link: DocumentRequest, carol: User, alice: User, practice: Practice
) -> None:
    """A new link would have what one of them asked, and the other would pass for reminded."""
    content = RuleContent(name="Encore", documents=[], questions=[Asks("Carnet")])
    save_rule(practice=practice, content=content, by=carol, to_booked=True)
    send_due()
    leave()
    end_links(DocumentLink.objects.all(), reason=LinkEnd.CONTACTS_CHANGED, by=alice)
    assert DocumentLink.objects.count() == 2
    assert remind_of_requests(now=at(4, 9, practice)) == 1
    assert link_in_message() is None
    assert DocumentLink.objects.count() == 2
    assert DocumentRequest.objects.filter(reminded_at=None).count() == 0
