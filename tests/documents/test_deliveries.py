"""Delivery of messages: who was not reached, chasing, correcting; with real servers on loopback."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from appointments.authorisation import authorise_holder, withdraw_authorisation
from appointments.models import Appointment, BookedFor
from audit.models import AuditEvent
from documents.models import Category, LibraryDocument, SharedDocument
from documents.sending.autosend import send_due
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.access import visible_as_staff
from documents.sharing.chasing import AGAIN, ChaseResult, chase, correct_and_chase
from documents.sharing.deliveries import attention_count, needing_attention
from documents.sharing.share import share_upload
from files.intake import Intake
from notifications.causes import Cause
from notifications.models import Channel, Message, MessageState, SmsPolicy
from notifications.reports import note_delivered, note_failed
from notifications.tasks import dispatch
from patients.models import Invitation, Patient
from practices.models import Membership, Practice
from practices.roles import NotAllowed
from tests.conftest import BookFixture, make_user
from tests.notifications.conftest import MailServer, SmsGateway

pytestmark = pytest.mark.django_db
Share = Callable[..., SharedDocument]


@pytest.fixture
def share(appointment: Appointment, bob: User, prescription: Category, receive: Callable[..., Intake]) -> Share:
    def _share(title: str = "Ordonnance", appointment: Appointment = appointment) -> SharedDocument:
        return share_upload(
            appointment=appointment, intake=receive(), category=prescription, title=title, placement=None, by=bob
        )

    return _share


def send_everything() -> None:
    Message.objects.filter(state=MessageState.QUEUED).update(due_at=timezone.now())
    for channel in Channel:
        dispatch(channel.value)


def an_hour_later() -> None:
    Message.objects.update(created_at=F("created_at") - AGAIN - timedelta(minutes=1))


def email_of(document: SharedDocument) -> Message:
    return next(one for one in fresh(document).newest_messages if one.channel == "email")


def fresh(document: SharedDocument) -> SharedDocument:
    return SharedDocument.objects.get(pk=document.pk)


def test_a_refused_address_needs_somebody_until_it_is_corrected_and_the_message_arrives(
    share: Share, bob: User, marie: Patient, mail_server: MailServer, gateway: SmsGateway, practice: Practice
) -> None:
    mail_server.answers["marie.durand@courriel.example"] = "550 5.1.1 unknown"
    document = share()
    send_everything()
    assert list(needing_attention(bob, practice)) == [document]
    assert fresh(document).needs_attention
    assert (email_of(document).cause, email_of(document).last_error) == (Cause.ADDRESS_UNKNOWN, "SMTP 550 5.1.1")
    old = Invitation.objects.get()

    done = correct_and_chase(document=document, email="marie@durand.example", mobile=marie.mobile, by=bob)

    assert done is ChaseResult.SENT
    send_everything()
    old.refresh_from_db()
    assert old.end == "contacts_changed"
    (envelope,) = mail_server.received
    assert envelope.rcpt_tos == ["marie@durand.example"]
    assert attention_count(bob, practice) == 0
    assert not fresh(document).needs_attention
    assert Invitation.objects.live().get().email == "marie@durand.example"
    actions = list(AuditEvent.objects.about(document.appointment_id).values_list("action", flat=True))
    assert actions[-3:] == ["contact.changed", "invitation.sent", "document.chased"]


def test_correcting_the_mobile_alone_sends_the_new_link_by_email_too(
    share: Share, bob: User, marie: Patient, mail_server: MailServer, gateway: SmsGateway, practice: Practice
) -> None:
    """The invitation is bound to both contacts: the correction ended the link of the first email."""
    gateway.status = 400
    document = share()
    send_everything()
    gateway.status = 200
    assert (
        correct_and_chase(document=document, email=marie.email, mobile="06 98 76 54 32", by=bob) is ChaseResult.SENT
    )
    send_everything()
    assert [request["body"]["to"] for request in gateway.requests] == ["+33612345678", "+33698765432"]
    assert len(mail_server.received) == 2
    assert attention_count(bob, practice) == 0


def test_a_contact_that_cannot_be_changes_and_sends_nothing(share: Share, bob: User, marie: Patient) -> None:
    document = share()
    with pytest.raises(ValidationError):
        correct_and_chase(document=document, email="marie", mobile=marie.mobile, by=bob)
    marie.refresh_from_db()
    assert marie.email == "marie.durand@courriel.example"
    assert Message.objects.count() == 2


def test_chasing_says_it_once_however_often_somebody_clicks(share: Share, bob: User) -> None:
    document = share()
    assert chase(document=document, by=bob) is ChaseResult.WAITING  # the first one has not left yet
    an_hour_later()
    assert chase(document=document, by=bob) is ChaseResult.WAITING
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    assert [chase(document=document, by=bob) for _click in range(3)] == [
        ChaseResult.SENT,
        ChaseResult.WAITING,
        ChaseResult.WAITING,
    ]
    assert Message.objects.filter(channel="email").count() == Message.objects.filter(channel="sms").count() == 2
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    assert chase(document=document, by=bob) is ChaseResult.RECENT
    assert AuditEvent.objects.filter(action="document.chased").count() == 1


@pytest.mark.usefixtures("announced_together")
def test_four_documents_announced_together_are_chased_together(share: Share, bob: User) -> None:
    documents = [share(f"Document {number}") for number in range(4)]
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    an_hour_later()
    outcomes = [chase(document=document, by=bob) for document in documents]
    assert outcomes == [ChaseResult.SENT, ChaseResult.WAITING, ChaseResult.WAITING, ChaseResult.WAITING]
    assert Message.objects.count() == 4
    assert all(document.messages.count() == 4 for document in documents)


def test_what_was_read_is_not_chased(share: Share, bob: User) -> None:
    document = share()
    an_hour_later()
    SharedDocument.objects.update(first_read_at=timezone.now())
    assert chase(document=document, by=bob) is ChaseResult.READ
    assert Message.objects.count() == 2


def test_who_may_no_longer_see_it_is_not_chased(
    share: Share, bob: User, book_for: BookFixture, hugo: User, marie: Patient, practice: Practice
) -> None:
    Patient.objects.filter(pk=marie.pk).update(email=None, mobile=None)
    booked = book_for(Patient.objects.get(), holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    authorise_holder(appointment=booked, by=bob)
    document = share(appointment=Appointment.objects.get(pk=booked.pk))
    assert set(document.messages.values_list("to", flat=True)) == {hugo.email, hugo.mobile}
    Message.objects.update(state=MessageState.FAILED)
    an_hour_later()
    assert attention_count(bob, practice) == 1
    withdraw_authorisation(appointment=booked, by=bob)
    assert chase(document=document, by=bob) is ChaseResult.NOBODY
    assert attention_count(bob, practice) == 0


def test_a_reader_and_another_practice_chase_nothing(
    share: Share, rita: User, charlie: User, practice: Practice
) -> None:
    document = share()
    for who in (rita, charlie):
        with pytest.raises(NotAllowed):
            chase(document=document, by=who)
        with pytest.raises(NotAllowed):
            correct_and_chase(document=document, email="x@y.example", mobile="+33612345678", by=who)
    assert attention_count(charlie, practice) == 0
    assert not visible_as_staff(charlie).exists()


def test_an_automatic_document_is_chased_by_its_link(
    access_plan: LibraryDocument, carol: User, bob: User, book_for: BookFixture, marie: Patient
) -> None:
    save_rule(practice=marie.practice, content=RuleContent(name="Plan", documents=[access_plan]), by=carol)
    book_for(marie)
    send_due()
    document = SharedDocument.objects.get()
    link = Message.objects.get(channel="email").body
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    an_hour_later()
    assert [chase(document=document, by=bob) for _click in range(2)] == [ChaseResult.SENT, ChaseResult.WAITING]
    again = Message.objects.get(channel="email", state="queued").body
    assert again == link  # the same link
    assert AuditEvent.objects.filter(action="auto_send.sent_again").count() == 1


def test_what_comes_back_after_it_was_taken_is_failed_and_on_the_page(
    share: Share, bob: User, practice: Practice
) -> None:
    document = share()
    email = email_of(document)
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    assert note_delivered(email)
    assert fresh(document).newest_messages[0].state == MessageState.DELIVERED
    assert note_failed(email, cause=Cause.MAILBOX_FULL, detail="SMTP 552 5.2.2")
    assert not note_failed(email, cause=Cause.MAILBOX_FULL)
    assert not note_delivered(email)  # a later report arrived first
    assert list(needing_attention(bob, practice)) == [document]
    assert email_of(document).came_back
    assert "pleine" in email_of(document).error


def test_an_old_failure_and_one_of_a_read_document_need_nobody(share: Share, bob: User, practice: Practice) -> None:
    document = share()
    Message.objects.filter(channel="email").update(state=MessageState.FAILED, cause=Cause.BLOCKED)
    assert attention_count(bob, practice) == 1
    SharedDocument.objects.update(first_read_at=timezone.now())
    assert attention_count(bob, practice) == 0
    SharedDocument.objects.update(first_read_at=None)
    Message.objects.update(created_at=timezone.now() - timedelta(days=31))
    assert attention_count(bob, practice) == 0
    assert fresh(document).needs_attention  # the appointment's page still says so


def test_each_practice_counts_its_own_for_its_staff_alone(
    share: Share, bob: User, charlie: User, practice: Practice, other_practice: Practice
) -> None:
    share()
    Message.objects.update(state=MessageState.FAILED)
    nobody = make_user("nobody@port.example", "Nora", "Nul")
    Membership.objects.create(user=bob, practice=other_practice, is_secretary=True)
    assert (attention_count(bob, practice), attention_count(bob, other_practice)) == (1, 0)
    assert (attention_count(charlie, practice), attention_count(nobody, practice)) == (0, 0)


CONTACT_REFUSED = [
    Cause.ADDRESS_UNKNOWN,
    Cause.DOMAIN_UNKNOWN,
    Cause.ADDRESS_UNFIT,
    Cause.NUMBER_REFUSED,
    Cause.NOT_A_MOBILE,
]
MAY_PASS = [
    Cause.MAILBOX_FULL,
    Cause.UNREACHABLE_TELEPHONE,
    Cause.BREAKDOWN,
    Cause.TOO_MANY,
    Cause.SETTING,
    Cause.EXPIRED,
]


def refused(cause: Cause, **which: str) -> None:
    long_ago = timezone.now() - timedelta(hours=5)
    Message.objects.filter(**which).update(state=MessageState.FAILED, cause=cause, created_at=long_ago)


@pytest.mark.parametrize("cause", CONTACT_REFUSED)
def test_what_would_be_refused_again_is_neither_offered_nor_sent_until_the_contact_changes(
    share: Share, bob: User, marie: Patient, cause: Cause
) -> None:
    document = share("Ordonnance")
    refused(cause)
    found = SharedDocument.objects.get(pk=document.pk)
    assert not found.can_be_chased
    assert chase(document=document, by=bob) is ChaseResult.REFUSED
    assert Message.objects.count() == 2
    assert correct_and_chase(document=document, email=marie.email, mobile=marie.mobile, by=bob) is ChaseResult.REFUSED
    assert (
        correct_and_chase(document=document, email="m@durand.example", mobile=marie.mobile, by=bob)
        is ChaseResult.SENT
    )


@pytest.mark.parametrize("cause", MAY_PASS)
def test_what_may_pass_is_sent_again_once(share: Share, bob: User, cause: Cause) -> None:
    document = share("Ordonnance")
    refused(cause)
    assert SharedDocument.objects.get(pk=document.pk).can_be_chased
    assert [chase(document=document, by=bob) for _click in range(2)] == [ChaseResult.SENT, ChaseResult.WAITING]
    assert not SharedDocument.objects.get(pk=document.pk).can_be_chased
    assert Message.objects.count() == 4


def test_only_the_channel_that_can_arrive_is_sent_again(share: Share, bob: User) -> None:
    document = share("Ordonnance")
    refused(Cause.ADDRESS_UNKNOWN, channel="email")
    refused(Cause.UNREACHABLE_TELEPHONE, channel="sms")
    assert chase(document=document, by=bob) is ChaseResult.SENT
    assert [one.channel for one in Message.objects.filter(state=MessageState.QUEUED)] == ["sms"]


def test_a_country_where_the_practice_sends_by_now_may_be_tried(share: Share, bob: User, practice: Practice) -> None:
    document = share("Ordonnance")
    refused(Cause.ADDRESS_UNKNOWN, channel="email")
    refused(Cause.COUNTRY, channel="sms")
    Message.objects.filter(channel="sms").update(practice=practice.pk)
    SmsPolicy.objects.create(practice=practice.pk, an_hour=9, a_day=9, countries=["BE"])
    assert not SharedDocument.objects.get(pk=document.pk).can_be_chased
    SmsPolicy.objects.update(countries=["BE", "FR"])
    assert SharedDocument.objects.get(pk=document.pk).can_be_chased
    assert chase(document=document, by=bob) is ChaseResult.SENT
