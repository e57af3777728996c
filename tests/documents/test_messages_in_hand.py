"""A message becomes untrue while a worker is sending it: it is never queued again.

For every kind: about a document, a link, an invitation, an appointment. The change happens while the server has the
message; then the server refuses or accepts it, or the worker is killed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from appointments import reminders
from appointments.authorisation import authorise_holder, withdraw_authorisation
from appointments.booking import delete
from appointments.cancelling import cancel
from appointments.models import Agenda, Appointment, AppointmentKind, BookedFor, OpeningHours, Reminder, VisitReason
from appointments.moving import move
from appointments.online import book_online
from documents.models import LibraryDocument, SharedDocument
from documents.sending.autosend import send_due
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.accesses import AccessKind, accesses_to, end_access
from documents.sharing.share import share_library_document, take_back
from notifications import delivery
from notifications.causes import Cause
from notifications.channels import DeliveryFailed, Sender
from notifications.channels.email import EmailSender
from notifications.channels.sms import SmsSender
from notifications.delivery import deliver_due
from notifications.models import Channel, Message, MessageState
from notifications.outbox import call_off
from notifications.reports import note_delivered, note_failed
from patients.invitations import end_live_invitation, invite_again
from patients.models import InvitationEnd, Patient
from patients.own_contacts import follow_account
from patients.records import change_patient
from patients.relatives import Person
from practices.models import Practice
from tests.conftest import BookFixture, make_user
from tests.notifications.conftest import MailServer, SmsGateway, make_email

pytestmark = pytest.mark.django_db
NEW = {"email": "vraie@courriel.example", "mobile": "+33612000077"}
Change = Callable[[], object]


@dataclass
class Scene:
    alice: User
    marie: Patient
    hugo: User
    book_for: BookFixture
    agenda: Agenda
    reason: VisitReason
    plan: LibraryDocument

    def share(self, appointment: Appointment) -> SharedDocument:
        return share_library_document(appointment=_again(appointment), library_document=self.plan, by=self.alice)

    def correct(self) -> object:
        return change_patient(patient=self.marie, by=self.alice, email=NEW["email"], mobile=NEW["mobile"])

    def online(self, person: Person) -> Appointment:
        day = timezone.localdate() + timedelta(days=9)
        minor = person.birth_date > date(2015, 1, 1)
        return book_online(
            holder=self.hugo,
            agenda=self.agenda,
            visit_reason=self.reason,
            starts_at=datetime.combine(day, time(9), self.agenda.practice.zone),
            kind=AppointmentKind.IN_PERSON,
            booked_for=BookedFor.MINOR_RELATIVE if minor else BookedFor.ADULT_RELATIVE,
            person=person,
        )


def _again(appointment: Appointment) -> Appointment:
    return Appointment.objects.select_related("practice", "patient__practice", "holder").get(pk=appointment.pk)


CHILD = Person("Léa", "Martin", timezone.localdate() - timedelta(days=900))
PAUL = Person("Paul", "Martin", date(1950, 1, 1))


def _document(scene: Scene) -> Change:
    scene.share(scene.book_for(scene.marie))
    return scene.correct


def _document_taken_back(scene: Scene) -> Change:
    document = scene.share(scene.book_for(scene.marie))
    return lambda: take_back(document=document, by=scene.alice)


def _documents_of_a_withdrawn_authorisation(scene: Scene) -> Change:
    appointment = _told(scene.online(PAUL))
    authorise_holder(appointment=appointment, by=scene.alice)
    scene.share(appointment)
    scene.share(appointment)
    return lambda: withdraw_authorisation(appointment=_again(appointment), by=scene.alice)


def _documents_of_a_holder_whose_access_ends(scene: Scene) -> Change:
    appointment = _told(scene.online(CHILD))
    scene.share(appointment)
    scene.share(appointment)

    def end() -> None:
        holder = next(one for one in accesses_to(appointment.patient) if one.kind is AccessKind.HOLDER)
        end_access(patient=appointment.patient, access_id=holder.id, by=scene.alice)

    return end


def _document_of_a_holder_who_moves(scene: Scene) -> Change:
    scene.share(_told(scene.online(CHILD)))
    return lambda: _moves(scene.hugo)


def _link(scene: Scene) -> Change:
    practice, document = scene.agenda.practice, scene.plan
    save_rule(practice=practice, content=RuleContent(name="Plan", documents=[document]), by=scene.alice)
    scene.book_for(scene.marie)
    send_due()
    return scene.correct


def _new_invitation(scene: Scene) -> Change:
    invite_again(patient=scene.marie, by=scene.alice)
    return scene.correct


def _withdrawn_invitation(scene: Scene) -> Change:
    invite_again(patient=scene.marie, by=scene.alice)
    return lambda: end_live_invitation(patient=scene.marie, reason=InvitationEnd.WITHDRAWN, by=scene.alice)


def _booking_told_to_the_patient(scene: Scene) -> Change:
    booked = scene.book_for(scene.marie)
    move(appointment=booked, by=scene.alice, starts_at=booked.starts_at + timedelta(days=1))
    return scene.correct


def _booking_told_to_a_holder_who_moves(scene: Scene) -> Change:
    scene.online(CHILD)
    return lambda: _moves(scene.hugo)


def _reminder(scene: Scene) -> Change:
    booked = scene.book_for(scene.marie)
    _remind(booked)
    return scene.correct


def _booking_moved(scene: Scene) -> Change:
    booked = scene.online(CHILD)
    later = booked.starts_at + timedelta(hours=1)
    return lambda: move(appointment=booked, by=scene.alice, starts_at=later)


def _booking_moved_again(scene: Scene) -> Change:
    booked = scene.book_for(scene.marie)
    first, second = booked.starts_at + timedelta(hours=1), booked.starts_at + timedelta(hours=2)
    move(appointment=booked, by=scene.alice, starts_at=first)
    return lambda: move(appointment=booked, by=scene.alice, starts_at=second)


def _booking_cancelled(scene: Scene) -> Change:
    booked = scene.online(CHILD)
    return lambda: cancel(appointment=booked, by=scene.alice)


def _booking_deleted(scene: Scene) -> Change:
    booked = scene.online(CHILD)
    return lambda: delete(appointment=booked, by=scene.alice)


def _reminder_of_a_cancelled_booking(scene: Scene) -> Change:
    booked = scene.book_for(scene.marie)
    _remind(booked)
    return lambda: cancel(appointment=booked, by=scene.alice)


def _reminder_of_a_deleted_booking(scene: Scene) -> Change:
    booked = scene.book_for(scene.marie)
    _remind(booked)
    return lambda: delete(appointment=_again(booked), by=scene.alice)


def _reminder_of_two_of_which_one_is_moved(scene: Scene) -> Change:
    """Move the second appointment of the message: the first is reminded of again, alone."""
    one, other = scene.book_for(scene.marie), scene.book_for(scene.marie)
    _remind(one, other)
    return lambda: move(appointment=_again(other), by=scene.alice, starts_at=timezone.now() + timedelta(days=9))


def _remind(*all_booked: Appointment) -> None:
    booked = all_booked[0]
    Reminder.objects.filter(appointment__in=all_booked).delete()
    for one in all_booked:
        for channel in Channel:
            Reminder.objects.create(appointment=one, channel=channel, offset_hours=1, due_at=timezone.now())
    noon = datetime.combine(timezone.localdate(), time(12), booked.practice.zone)  # outside the quiet hours
    Appointment.objects.filter(pk__in=[one.pk for one in all_booked]).update(
        starts_at=noon + timedelta(days=2), ends_at=noon + timedelta(days=2, minutes=20)
    )
    reminders.send_due(now=noon + timedelta(days=1))
    Message.objects.update(due_at=timezone.now())


def _told(appointment: Appointment) -> Appointment:
    """An appointment whose booking was already announced."""
    Message.objects.all().delete()
    return appointment


def _moves(user: User) -> None:
    """Change the account's email and mobile."""
    former = {"email": user.email, "mobile": str(user.mobile)}
    EmailAddress.objects.filter(user=user).update(email=NEW["email"])
    User.objects.filter(pk=user.pk).update(**NEW)
    user.refresh_from_db()
    for contact, value in former.items():
        follow_account(user=user, contact=contact, former=value, new=NEW[contact])


KINDS = {
    name.removeprefix("_"): kind
    for name, kind in list(globals().items())
    if name.startswith(("_document", "_link", "_new_inv", "_withdrawn_inv", "_booking", "_reminder"))
}
MAIL_ALONE = {"new_invitation", "withdrawn_invitation"}


@pytest.fixture
def scene(
    alice: User,
    carol: User,
    marie: Patient,
    book_for: BookFixture,
    agenda: Agenda,
    visit_reason: VisitReason,
    access_plan: LibraryDocument,
    announced_together: None,
) -> Scene:
    for weekday in range(7):
        OpeningHours.objects.create(agenda=agenda, weekday=weekday, opens_at=time(8), closes_at=time(20))
    hugo = make_user(
        "hugo.martin@courriel.example",
        "Hugo",
        "Martin",
        mobile="+33698765432",
        mobile_verified_at=timezone.now(),
        birth_date=date(1979, 6, 17),
    )
    EmailAddress.objects.create(user=hugo, email=hugo.email, verified=True, primary=True)
    carol.memberships.update(is_practitioner=True)
    return Scene(carol, marie, hugo, book_for, agenda, visit_reason, access_plan)


@dataclass
class Server:
    mail: MailServer
    sms: SmsGateway

    def refuse(self) -> None:
        for one in ("marie.durand@courriel.example", "hugo.martin@courriel.example"):
            self.mail.answers[one] = "451 4.7.1 later"
        self.sms.status = 500

    def accept(self) -> None:
        self.mail.answers.clear()
        self.sms.status = 200

    def recipients(self, channel: Channel) -> list[str]:
        if channel == Channel.EMAIL:
            return [to for envelope in self.mail.received for to in envelope.rcpt_tos]
        return [str(request["body"]["to"]) for request in self.sms.requests]


@pytest.fixture
def server(mail_server: MailServer, gateway: SmsGateway) -> Server:
    return Server(mail_server, gateway)


class Killed(BaseException):
    """Simulates SIGKILL: no code of the worker runs any more."""


def between(monkeypatch: pytest.MonkeyPatch, channel: Channel, change: Change, *, killed: bool = False) -> list[Any]:
    """Apply `change` while the server has the first message of the channel, and kill the worker if `killed`.

    Returns the messages that it was sending.
    """
    held: list[Any] = []

    class InTheMiddle:
        def __init__(self) -> None:
            self.real: Sender = EmailSender() if channel == Channel.EMAIL else SmsSender()
            self.open, self.close = self.real.open, self.real.close

        def send(self, message: Message) -> str:
            first = not held
            if first:
                leased = Message.objects.filter(channel=channel, lease_until__isnull=False)
                held.extend(leased.values_list("pk", flat=True))
                change()
            if first and killed:
                raise Killed
            return self.real.send(message)

    monkeypatch.setitem(delivery.SENDERS, channel, InTheMiddle)
    return held


def send_what_is_due(channel: Channel) -> None:
    Message.objects.filter(state=MessageState.QUEUED).update(due_at=timezone.now() - timedelta(seconds=1))
    while deliver_due(channel):
        Message.objects.filter(state=MessageState.QUEUED).update(due_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("kind", "channel", "ends"),
    [
        *((kind, Channel.EMAIL, ends) for kind in KINDS for ends in ("refused", "taken", "killed")),
        *((kind, Channel.SMS, "refused") for kind in KINDS if kind not in MAIL_ALONE),
    ],
)
def test_what_becomes_untrue_in_a_workers_hands_is_never_queued_again(
    scene: Scene, server: Server, monkeypatch: pytest.MonkeyPatch, kind: str, channel: Channel, ends: str
) -> None:
    change = KINDS[kind](scene)
    waiting = Message.objects.filter(state=MessageState.QUEUED, channel=channel)
    waiting.update(due_at=timezone.now() - timedelta(seconds=1))
    former = {one.to for one in waiting}
    assert len(former) == 1
    if ends == "refused":
        server.refuse()
    with monkeypatch.context() as patch:
        held = between(patch, channel, change, killed=ends == "killed")
        try:
            deliver_due(channel)
        except Killed:
            Message.objects.filter(lease_until__isnull=False).update(lease_until=timezone.now() - timedelta(hours=1))
    assert held
    states = set(Message.objects.filter(pk__in=held).values_list("state", flat=True))
    # Its other messages were called off before they were sent.
    assert states <= ({"sent", "called_off"} if ends == "taken" else {"called_off"})
    assert Message.objects.filter(pk__in=held, state="sent").count() == (1 if ends == "taken" else 0)
    assert not Message.objects.filter(pk__in=held).exclude(body="", calendar="").exists()

    server.accept()
    before = len(server.recipients(channel))
    send_what_is_due(channel)
    later = server.recipients(channel)[before:]
    moves = "correct" in getattr(change, "__name__", "") or "moves" in kind
    assert set(later) <= ({NEW["email"], NEW["mobile"]} if moves else former)
    assert not Message.objects.filter(pk__in=held, state__in=["queued", "failed"]).exists()
    if moves:  # the current owner of the contact gets it
        assert later


def test_what_a_killed_worker_held_is_called_off_after_its_lease_too(scene: Scene, server: Server) -> None:
    message = make_email(lease_until=timezone.now() - timedelta(minutes=5), attempts=1)
    call_off(Message.objects.filter(pk=message.pk))
    send_what_is_due(Channel.EMAIL)
    message.refresh_from_db()
    assert message.state == MessageState.CALLED_OFF
    assert server.recipients(Channel.EMAIL) == []


def test_a_worker_does_not_send_what_was_called_off_while_it_waited_in_the_batch(
    scene: Scene, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_email("premier@courriel.example", due_at=timezone.now() - timedelta(minutes=1))
    second = make_email("second@courriel.example")
    between(monkeypatch, Channel.EMAIL, lambda: call_off(Message.objects.filter(pk=second.pk)))
    deliver_due(Channel.EMAIL)
    assert server.recipients(Channel.EMAIL) == ["premier@courriel.example"]
    assert (Message.objects.get(pk=first.pk).state, Message.objects.get(pk=second.pk).state) == ("sent", "called_off")


def test_what_a_worker_gives_back_is_not_queued_again(
    scene: Scene, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is down: the rest of the batch is released."""
    make_email("premier@courriel.example", due_at=timezone.now() - timedelta(minutes=1))
    second = make_email("second@courriel.example")
    server.mail.answers["premier@courriel.example"] = "421 closing"
    between(monkeypatch, Channel.EMAIL, lambda: call_off(Message.objects.filter(pk=second.pk)))
    deliver_due(Channel.EMAIL)
    assert Message.objects.get(pk=second.pk).state == MessageState.CALLED_OFF


def test_a_report_of_what_was_called_off_says_what_became_of_it() -> None:
    arrived, returned = (
        make_email(state=MessageState.CALLED_OFF),
        make_email(state=MessageState.CALLED_OFF),
    )
    assert note_delivered(arrived)
    assert not note_failed(returned, cause=Cause.RETURNED)
    arrived.refresh_from_db()
    returned.refresh_from_db()
    assert arrived.state == MessageState.DELIVERED
    assert arrived.sent_at is not None
    assert returned.state == MessageState.CALLED_OFF


def test_a_document_of_which_the_last_message_was_called_off_still_needs_somebody(
    scene: Scene, server: Server
) -> None:
    document = scene.share(scene.book_for(scene.marie))
    Message.objects.update(state=MessageState.FAILED, cause="address_unknown")
    later = make_email(lease_until=timezone.now() + timedelta(minutes=1), attempts=1)
    document.messages.add(later)
    call_off(Message.objects.filter(pk=later.pk))
    document = SharedDocument.objects.get(pk=document.pk)
    assert document.needs_attention
    assert later not in document.newest_messages


@pytest.mark.servers("SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["worker", "staff"])
def test_a_worker_that_fails_while_it_is_called_off_does_not_queue_it_again(
    practice: Practice, mail_server: MailServer, first: str
) -> None:
    """Both write the row at the same time: the second waits for the first, and sees its changes."""
    mail_server.answers["marie.durand@courriel.example"] = "451 later"
    message = make_email()
    (claimed,) = delivery.claim(Channel.EMAIL)
    failure = DeliveryFailed(Cause.POSTPONED)

    def fails() -> None:
        delivery._mark_failure(claimed, failure)

    def staff() -> None:
        call_off(Message.objects.filter(pk=message.pk))

    one, other = (fails, staff) if first == "worker" else (staff, fails)

    def in_a_thread() -> None:
        with transaction.atomic():
            other()
        connection.close()

    thread = threading.Thread(target=in_a_thread)
    with transaction.atomic():
        one()
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()  # it waits
    thread.join()
    assert not Message.objects.filter(pk=message.pk, state=MessageState.QUEUED).exists()


def test_of_one_appointment_no_older_message_leaves_after_a_newer_one(scene: Scene) -> None:
    booked = scene.online(CHILD)
    for days in (1, 2, 3):
        move(appointment=_again(booked), by=scene.alice, starts_at=booked.starts_at + timedelta(days=days))
    waiting = Message.objects.filter(state=MessageState.QUEUED, about=booked.pk)
    assert sorted(one.channel for one in waiting) == ["email", "sms"]


def test_moving_an_appointment_calls_off_nothing_that_is_said_of_its_documents(scene: Scene) -> None:
    booked = scene.book_for(scene.marie)
    document = scene.share(booked)
    move(appointment=_again(booked), by=scene.alice, starts_at=booked.starts_at + timedelta(days=1))
    assert document.messages.filter(state=MessageState.QUEUED).count() == 2


def test_an_adult_relatives_new_contacts_hear_of_the_appointment(practice: Practice, scene: Scene) -> None:
    given = Person("Paul", "Martin", date(1950, 1, 1), "paul@courriel.example", "+33612000050")
    booked = scene.online(given)
    Message.objects.update(lease_until=timezone.now() + timedelta(minutes=1), attempts=1)
    change_patient(patient=booked.patient, by=scene.alice, email="", mobile=None)
    assert not Message.objects.filter(to__in=["paul@courriel.example", "+33612000050"], state="queued").exists()


def test_of_a_reminder_of_two_appointments_the_one_that_stays_is_told_again(scene: Scene) -> None:
    stays, moves = scene.book_for(scene.marie), scene.book_for(scene.marie)
    _remind(stays, moves)
    told = Message.objects.filter(state=MessageState.QUEUED)
    assert {one.channel for one in told} == {"email", "sms"}
    before = set(told.values_list("pk", flat=True))
    move(appointment=_again(moves), by=scene.alice, starts_at=timezone.now() + timedelta(days=9))
    assert not Message.objects.filter(pk__in=before).exists()
    Message.objects.all().delete()
    noon = datetime.combine(timezone.localdate(), time(12), stays.practice.zone)
    reminders.send_due(now=noon + timedelta(days=1))
    again = Message.objects.filter(state=MessageState.QUEUED)
    assert {(one.channel, one.about) for one in again} == {("email", stays.pk), ("sms", stays.pk)}


def test_a_reminder_that_went_elsewhere_is_called_off_with_its_appointment(scene: Scene) -> None:
    booked = scene.book_for(scene.marie)
    _remind(booked)
    Message.objects.update(lease_until=timezone.now() + timedelta(minutes=1), attempts=1)
    scene.correct()
    told = Message.objects.filter(state=MessageState.QUEUED, about=booked.pk)
    assert {one.to for one in told} == set(NEW.values())
    before = set(told.values_list("pk", flat=True))
    cancel(appointment=_again(booked), by=scene.alice)
    assert not Message.objects.filter(pk__in=before).exists()
