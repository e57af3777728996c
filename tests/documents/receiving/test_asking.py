"""Asking for a document: who is told, with which words, and what becomes of it when things change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.cancelling import cancel
from appointments.history import history_of
from appointments.models import Appointment, BookedFor
from documents.models import DocumentRequest, RequestState
from documents.receiving.asking import NothingToPrepare, Question, RequestOver, ask, cancel_request, change_request
from documents.sharing.uploads import RecipientNotReady
from documents.undoing.appointments import cancel_for_now, undo_change
from notifications.gsm import ONE_SEGMENT, septets
from notifications.models import Channel, Message, MessageState
from patients.models import Patient
from patients.records import FormerContacts, change_patient
from practices.roles import NotAllowed
from tests.conftest import BookFixture
from tests.documents.receiving.conftest import Ask, again
from tests.documents.ways import CORRECTED

pytestmark = pytest.mark.django_db
SECRET = "Photo de la lésion du coude"


def waiting() -> list[tuple[str, str]]:
    found = Message.objects.filter(topic="request", state=MessageState.QUEUED)
    return sorted(found.values_list("channel", "to"))


def test_message_says_that_something_is_asked_and_not_what(
    appointment: Appointment, ask_for: Ask, maries_account: User, marie: Patient
) -> None:
    request = ask_for(appointment, SECRET)
    told = Message.objects.filter(about=request.pk)
    assert sorted(told.values_list("channel", "to")) == [("email", marie.email), ("sms", marie.mobile)]
    for message in told:
        assert not [word for word in ("lésion", "Photo", "coude") if word in message.subject + message.body]
        assert "/requests/" in message.body
    assert (septets(told.get(channel=Channel.SMS).body) or 999) <= ONE_SEGMENT
    line = history_of(appointment)[0]
    assert (line.action, line.object_id, line.detail) == ("request.asked", request.pk, {})


def test_second_request_joins_the_message_that_waits_and_gets_its_own_when_that_goes(
    appointment: Appointment, ask_for: Ask, bob: User
) -> None:
    first, second = ask_for(appointment), ask_for(appointment, "Carnet de santé")
    assert Message.objects.filter(topic="request").count() == 2
    cancel_request(request=first, by=bob)
    assert set(Message.objects.filter(topic="request").values_list("about", flat=True)) == {second.pk}
    assert len(waiting()) == 2
    cancel_request(request=again(second), by=bob)
    assert (waiting(), again(second).state) == ([], RequestState.CANCELLED)


def test_nobody_is_asked_before_the_recipient_is_ready_nor_by_who_may_not_share(
    appointment: Appointment, marie: Patient, bob: User, rita: User, charlie: User
) -> None:
    for stranger in (rita, charlie):
        with pytest.raises(NotAllowed):
            ask(appointment=appointment, question=Question("X"), by=stranger)
    with pytest.raises(ValidationError):
        ask(appointment=appointment, question=Question("  "), by=bob)
    Patient.objects.filter(pk=marie.pk).update(mobile=None)
    with pytest.raises(RecipientNotReady):
        ask(appointment=appointment, question=Question("X"), by=bob)
    assert not DocumentRequest.objects.exists()
    assert not Message.objects.filter(topic="request").exists()


def test_until_when_is_a_day_to_come_whoever_says_it(appointment: Appointment, bob: User) -> None:
    made = ask(appointment=appointment, question=Question("Y"), by=bob)
    past, ancient = timezone.now() - timedelta(days=1), datetime(373, 7, 5, tzinfo=UTC)
    for at in (past, ancient, datetime(9999, 12, 31, tzinfo=UTC)):
        with pytest.raises(ValidationError):
            ask(appointment=appointment, question=Question("X", due_at=at), by=bob)
        with pytest.raises(ValidationError):
            change_request(request=made, question=Question("X", due_at=at), by=bob)
    DocumentRequest.objects.update(due_at=past)
    change_request(request=made, question=Question("Z", due_at=past), by=bob)  # its day is as it was
    assert again(made).label == "Z"


def test_form_sent_twice_asks_once(appointment: Appointment, bob: User, marie: Patient) -> None:
    one, two = (ask(appointment=appointment, question=Question("X"), by=bob, pk=marie.pk) for _ in range(2))
    assert one == two
    assert len(waiting()) == 2


def test_changed_words_send_nothing_and_a_closed_request_stays_closed(
    appointment: Appointment, ask_for: Ask, bob: User
) -> None:
    request = ask_for(appointment)
    change_request(request=request, question=Question("Autre", "Recto\n et  verso"), by=bob)
    change_request(request=request, question=Question("Autre", "Recto\net verso"), by=bob)
    changed = again(request)
    assert (changed.label, changed.details) == ("Autre", "Recto\net verso")
    assert [line.action for line in history_of(appointment)].count("request.changed") == 1
    assert len(waiting()) == 2
    cancel_request(request=request, by=bob)
    cancel_request(request=request, by=bob)
    with pytest.raises(RequestOver):
        change_request(request=request, question=Question("Encore"), by=bob)
    assert [line.action for line in history_of(appointment)].count("request.cancelled") == 1


def test_cancelled_appointment_asks_nothing_and_undoing_asks_again(
    appointment: Appointment, ask_for: Ask, bob: User, settings: Settings
) -> None:
    settings.UNDO_FOR = timedelta(seconds=30)
    request = ask_for(appointment)
    _now, act = cancel_for_now(appointment=appointment, by=bob, session="s")
    assert (again(request).state, waiting()) == (RequestState.CANCELLED, [])
    assert act is not None
    undo_change(act=act, by=bob)
    assert again(request).state == RequestState.ASKED
    assert len(waiting()) == 2
    cancel(appointment=Appointment.objects.get(pk=appointment.pk), by=bob)
    with pytest.raises(NothingToPrepare):
        ask(appointment=appointment, question=Question("X"), by=bob)


def test_corrected_contacts_call_the_message_off_and_tell_the_new_ones(
    appointment: Appointment, ask_for: Ask, marie: Patient, bob: User
) -> None:
    ask_for(appointment)
    change_patient(patient=marie, by=bob, former_contacts=FormerContacts.SOMEONE_ELSE, **CORRECTED)
    assert waiting() == [("email", CORRECTED["email"]), ("sms", CORRECTED["mobile"])]


def test_relatives_holder_is_told_for_a_minor(
    book_for: BookFixture, marie: Patient, hugo: User, ask_for: Ask
) -> None:
    Patient.objects.filter(pk=marie.pk).update(birth_date=timezone.localdate() - timedelta(days=3000))
    marie.refresh_from_db()
    ask_for(book_for(marie, holder=hugo, booked_for=BookedFor.MINOR_RELATIVE))
    assert waiting() == [("email", hugo.email), ("sms", hugo.mobile)]
    assert "Marie" in Message.objects.get(topic="request", channel=Channel.SMS).body
