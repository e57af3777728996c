"""Rules that ask: once for each appointment, in one message with what they send, and never what is asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.cancelling import cancel
from appointments.history import history_of
from appointments.models import Appointment
from appointments.moving import move
from appointments.reinstating import reinstate
from audit.models import AuditEvent
from documents import invariants
from documents.models import (
    AutoSend,
    AutoSendRule,
    DocumentLink,
    DocumentRequest,
    LibraryDocument,
    RequestState,
    SharedDocument,
)
from documents.models.autosend import LinkEnd, Moment
from documents.receiving.asking import cancel_request
from documents.receiving.due import due_at
from documents.sending.autosend import do_not_send, send_again, send_due
from documents.sending.links import end_links
from documents.sending.planning import follow_rule
from documents.sending.rules import Asks, RuleContent, delete_rule, save_rule, switch_rule
from documents.sharing.accesses import AccessKind, accesses_to
from documents.sharing.share import take_back
from notifications.models import Message, MessageState
from patients.models import Patient
from patients.records import FormerContacts, change_patient
from practices.models import Practice
from tests.conftest import BookFixture
from tests.documents.ways import on_day

pytestmark = pytest.mark.django_db
MakeRule = Callable[..., AutoSendRule]
FAR = (timezone.now() + timedelta(days=10)).replace(minute=0, second=0, microsecond=0)
LABEL = "Ordonnance de votre médecin traitant"


@pytest.fixture
def asks(carol: User, practice: Practice) -> MakeRule:
    def _make(rule: AutoSendRule | None = None, **content: Any) -> AutoSendRule:
        asked = {"name": "Avant la visite", "documents": [], "questions": [Asks(LABEL, "Pour préparer", 2)]} | content
        return save_rule(practice=practice, content=RuleContent(**asked), by=carol, rule=rule)

    return _make


def requests() -> list[tuple[str, str]]:
    return sorted(DocumentRequest.objects.values_list("label", "state"))


def queued() -> list[Message]:
    return list(Message.objects.filter(state=MessageState.QUEUED, topic__in=("", "link")).order_by("channel"))


def page_of(message: Message) -> str:
    found = re.search(r"/d/\S+", message.body)
    assert found
    return found[0]


def test_a_rule_asks_each_appointment_once_and_says_so_in_history_and_trail(
    asks: MakeRule, book_for: BookFixture, marie: Patient
) -> None:
    rule = asks()
    appointment = book_for(marie, starts_at=FAR)
    assert AutoSend.objects.get().state == "planned"
    Message.objects.all().delete()
    assert (send_due(), send_due()) == (1, 0)
    request = DocumentRequest.objects.get()
    assert (request.label, request.details, request.asked_by) == (LABEL, "Pour préparer", None)
    assert request.due_at == due_at(2, appointment)
    assert timezone.localtime(request.due_at, appointment.practice.zone).time() == time(23, 59)
    assert [one.channel for one in queued()] == ["email", "sms"]
    for message in queued():
        assert LABEL not in message.subject + message.body + message.html
        assert "demande" in message.body or "besoin d’un document" in message.body
    assert "request.asked" in [line.action for line in history_of(appointment)]
    assert AuditEvent.objects.get(action="request.asked").detail["rule"] == str(rule.pk)
    follow_rule(rule, to_booked=True)
    asks(rule, questions=[Asks("Votre ordonnance", days_before=1, pk=rule.asks[0].pk)])  # corrected, not another one
    assert send_due() == 0
    assert requests() == [(LABEL, "asked")]
    assert list(invariants.automatic_documents_go_out_once()) == []


def test_what_a_rule_sends_and_asks_at_once_is_one_message_that_says_both(
    asks: MakeRule, book_for: BookFixture, marie: Patient, access_plan: LibraryDocument, client: Client
) -> None:
    asks(documents=[access_plan], questions=[Asks(LABEL), Asks("Photo de la lésion")])
    book_for(marie)
    Message.objects.all().delete()
    send_due()
    assert [one.channel for one in queued()] == ["email", "sms"]
    for message in queued():
        assert "envoyés et demandés" in message.subject + message.body
        assert LABEL not in message.body
        assert access_plan.title not in message.body
    assert DocumentLink.objects.count() == 1
    shown = client.get(page_of(queued()[0])).content.decode()
    assert LABEL in shown
    assert "Photo de la lésion" in shown
    assert access_plan.title in shown


def test_a_moved_appointment_moves_what_is_planned_and_the_limit_of_what_was_asked(
    asks: MakeRule, book_for: BookFixture, marie: Patient, alice: User
) -> None:
    asks()
    asks(name="La veille", questions=[Asks("Photo")], moment=Moment.BEFORE, offset_hours=24)
    appointment = book_for(marie, starts_at=FAR)
    send_due()
    former = {one.pk for one in queued() if one.topic == "link"}
    moved = appointment.starts_at + timedelta(days=7)
    move(appointment=appointment, starts_at=moved, by=alice)
    planned = AutoSend.objects.get(state="planned")
    assert planned.due_at == moved - timedelta(hours=24)
    appointment.refresh_from_db()
    assert DocumentRequest.objects.get().due_at == due_at(2, appointment)
    waiting = [one for one in queued() if one.topic == "link"]
    assert {one.channel for one in waiting} == {"email", "sms"}  # anew, with the day of today
    assert not former & {one.pk for one in waiting}


def test_cancelling_ends_what_is_asked_and_reinstating_asks_again(
    asks: MakeRule, book_for: BookFixture, marie: Patient, alice: User
) -> None:
    asks()
    appointment = book_for(marie)
    send_due()
    cancel(appointment=appointment, by=alice)
    assert requests() == [(LABEL, "cancelled")]
    assert not [one for one in queued() if one.topic == "link"]
    reinstate(appointment=Appointment.objects.get(pk=appointment.pk), by=alice)
    assert send_due() == 1
    assert requests() == [(LABEL, "asked")]
    assert len([one for one in queued() if one.topic == "link"]) == 2


def test_staff_who_cancel_what_a_rule_asked_are_not_asked_again_by_it(
    asks: MakeRule, book_for: BookFixture, marie: Patient, alice: User
) -> None:
    rule = asks()
    appointment = book_for(marie)
    send_due()
    cancel_request(request=DocumentRequest.objects.get(), by=alice)
    assert not [one for one in queued() if one.topic == "link"]
    cancel(appointment=appointment, by=alice)
    reinstate(appointment=Appointment.objects.get(pk=appointment.pk), by=alice)
    follow_rule(rule, to_booked=True)
    assert (send_due(), requests()) == (0, [(LABEL, "cancelled")])


def test_a_planned_question_stops_with_its_rule_or_by_staff(
    asks: MakeRule, book_for: BookFixture, marie: Patient, alice: User, carol: User
) -> None:
    first = asks(name="Un", moment=Moment.BEFORE, offset_hours=1)
    second = asks(name="Deux", moment=Moment.BEFORE, offset_hours=1, questions=[Asks("Photo")])
    book_for(marie)
    do_not_send(sending=AutoSend.objects.get(rule=first), by=alice)
    switch_rule(rule=second, active=False, by=carol)
    assert set(AutoSend.objects.values_list("state", flat=True)) == {"cancelled"}
    switch_rule(rule=second, active=True, by=carol)
    asks(second, moment=Moment.BEFORE, offset_hours=1, questions=[Asks("Bilan sanguin")])  # another question
    states = dict(AutoSend.objects.filter(rule=second).values_list("question__label", "state"))
    assert states == {"Photo": "cancelled", "Bilan sanguin": "planned"}
    delete_rule(rule=second, by=carol)
    assert not AutoSend.objects.filter(state="planned").exists()


def test_what_was_taken_back_of_a_message_leaves_what_it_asks(
    asks: MakeRule, book_for: BookFixture, marie: Patient, access_plan: LibraryDocument, alice: User
) -> None:
    asks(documents=[access_plan])
    book_for(marie)
    Message.objects.all().delete()
    send_due()
    take_back(document=SharedDocument.objects.get(), by=alice)
    assert {(one.topic, one.channel) for one in queued()} == {("link", "email"), ("link", "sms")}
    assert all("envoyés" not in one.body for one in queued())


def test_what_is_asked_no_more_leaves_the_message_about_the_documents(
    asks: MakeRule, book_for: BookFixture, marie: Patient, access_plan: LibraryDocument, alice: User
) -> None:
    asks(documents=[access_plan])
    book_for(marie)
    Message.objects.all().delete()
    send_due()
    cancel_request(request=DocumentRequest.objects.get(), by=alice)
    assert [one.channel for one in queued()] == ["email", "sms"]
    assert all("demandés" not in one.subject + one.body for one in queued())


def test_new_contacts_get_a_new_link_and_the_former_one_is_dead(
    asks: MakeRule, book_for: BookFixture, marie: Patient, alice: User, client: Client
) -> None:
    asks()
    book_for(marie)
    send_due()
    former = page_of(queued()[0])
    assert LABEL in client.get(former).content.decode()
    change_patient(
        patient=marie, by=alice, email="marie.nouvelle@exemple.fr", former_contacts=FormerContacts.SOMEONE_ELSE
    )
    assert client.get(former).status_code == 410
    assert LABEL not in client.get(former).content.decode()
    mail = [one for one in queued() if one.topic == "link" and one.channel == "email"]
    assert [one.to for one in mail] == ["marie.nouvelle@exemple.fr"]
    assert LABEL in client.get(page_of(mail[0])).content.decode()


def test_staff_send_it_again_only_while_it_waits(
    asks: MakeRule, book_for: BookFixture, marie: Patient, alice: User
) -> None:
    asks()
    book_for(marie)
    send_due()
    sending = AutoSend.objects.get()
    assert send_again(sending=sending, by=alice)
    assert len([one for one in queued() if one.topic == "link"]) == 2  # those that wait
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    assert send_again(sending=sending, by=alice)
    assert [one.channel for one in queued()] == ["email", "sms"]
    DocumentRequest.objects.update(state=RequestState.ACCEPTED, settled_at=timezone.now())
    assert not send_again(sending=AutoSend.objects.get(), by=alice)


def test_the_limit_is_a_day_of_the_practice_and_the_start_of_a_visit_booked_too_near(
    book_for: BookFixture, marie: Patient
) -> None:
    appointment = book_for(marie)
    zone = appointment.practice.zone
    limit = due_at(0, appointment)
    assert limit == appointment.starts_at  # the day's end is after it
    assert due_at(None, appointment) is None
    assert due_at(300, appointment) == appointment.starts_at
    appointment.starts_at = timezone.now() + timedelta(days=10)
    far = due_at(3, appointment)
    assert far
    assert far.astimezone(zone).date() == appointment.local_start.date() - timedelta(days=3)
    appointment.starts_at = timezone.now() - timedelta(hours=1)
    assert due_at(1, appointment) is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"questions": []}, "ou demandez quelque chose"),
        ({"questions": [Asks("Photo"), Asks("Photo ")]}, "même libellé"),
        ({"questions": [Asks(" ")]}, "en quelques mots"),
        ({"questions": [Asks(f"Photo {number}") for number in range(11)]}, "Dix demandes au plus"),
        ({"questions": [Asks("Photo", days_before=1)], "moment": Moment.AFTER}, "limite avant lui"),
    ],
)
def test_bad_questions_are_refused_with_a_sentence(asks: MakeRule, content: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        asks(**content)


@pytest.mark.parametrize("happens", ["nothing", "doubted", "grown_up", "cancelled", "ended"])
def test_a_link_that_only_asks_is_listed_among_accesses_exactly_while_it_opens_something(
    happens: str, asks: MakeRule, book_for: BookFixture, marie: Patient, bob: User, client: Client
) -> None:
    """The list of a record's accesses and the link itself never disagree."""
    asks()
    if happens == "grown_up":  # contacts of a minor, who has come of age since
        Patient.objects.filter(pk=marie.pk).update(birth_date=date.today() - timedelta(days=365 * 17))
        marie.refresh_from_db()
    appointment = book_for(marie)
    send_due()
    page = page_of(queued()[0])
    match happens:
        case "doubted":
            Patient.objects.filter(pk=marie.pk).update(access_ended=True)
        case "cancelled":
            cancel(appointment=appointment, by=bob)
        case "ended":
            end_links(DocumentLink.objects.all(), reason=LinkEnd.STAFF, by=bob)
    with on_day(timezone.now() + timedelta(days=800 if happens == "grown_up" else 0)):
        opens = LABEL in client.get(page).content.decode()
        assert opens == (happens in ("nothing", "cancelled"))  # what is asked no more is still named
        listed = [one.kind for one in accesses_to(Patient.objects.get(pk=marie.pk))]
        assert (AccessKind.LINK in listed) == opens
