"""What nobody asked for: where the practice allows it, within limits, by the same rules of access."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.cancelling import cancel
from appointments.models import Appointment, BookedFor
from docshare.demo.letters import letter
from documents import invariants
from documents.models import ReceivedDocument
from documents.receiving import limits
from documents.receiving.access import PARTS, received_by_staff, received_seen_by, waiting_count
from documents.receiving.limits import MEGABYTE, Bound, TooMuchToday
from documents.receiving.seeing import accept
from documents.receiving.sending import (
    NotAsked,
    NotYours,
    may_send_unasked,
    send_files,
    send_unasked,
    take_back,
)
from files.intake import Intake
from patients.models import Patient, RecordTie
from practices.models import Practice
from practices.unasked import take_unasked
from tests.conftest import BookFixture
from tests.documents.receiving.conftest import Ask

pytestmark = pytest.mark.django_db
Receive = Callable[..., Intake]


def now(appointment: Appointment) -> Appointment:
    return Appointment.objects.select_related(*PARTS).get(pk=appointment.pk)


@pytest.fixture
def allowed(practice: Practice, carol: User) -> None:
    take_unasked(practice=practice, takes=True, by=carol)


def test_it_reaches_received_and_the_account_sees_it_again(
    allowed: None, appointment: Appointment, maries_account: User, receive: Receive, alice: User, practice: Practice
) -> None:
    (sent,) = send_unasked(appointment=now(appointment), intakes=[receive()], by=maries_account)
    assert (sent.request, sent.title, sent.sent_as) == (None, "ordonnance.pdf", "patient")
    assert [one.pk for one in received_by_staff(alice)] == [sent.pk]
    assert waiting_count(practice) == 1
    assert [one.pk for one in received_seen_by(maries_account)] == [sent.pk]
    accept(received=received_by_staff(alice).get(), by=alice)
    assert waiting_count(practice) == 0
    assert list(invariants.files_are_named()) == []


def test_the_same_form_or_file_twice_is_sent_once_and_taken_back_until_seen(
    allowed: None, appointment: Appointment, maries_account: User, receive: Receive
) -> None:
    for _ in range(2):
        (sent,) = send_unasked(appointment=now(appointment), intakes=[receive()], by=maries_account)
    assert ReceivedDocument.objects.count() == 1
    take_back(received=sent, by=maries_account)
    assert not ReceivedDocument.objects.exists()


def test_it_is_refused_where_the_practice_does_not_allow_it_or_the_time_is_over(
    appointment: Appointment, maries_account: User, receive: Receive, practice: Practice, carol: User, alice: User
) -> None:
    def refused() -> None:
        assert not may_send_unasked(maries_account, now(appointment))
        with pytest.raises(NotAsked):
            send_unasked(appointment=now(appointment), intakes=[receive()], by=maries_account)

    refused()
    take_unasked(practice=practice, takes=True, by=carol)
    assert may_send_unasked(maries_account, now(appointment))
    cancel(appointment=now(appointment), by=alice)
    refused()
    past = timezone.now() - timedelta(days=31)
    Appointment.objects.update(status="booked", starts_at=past, ends_at=past + timedelta(minutes=20))
    refused()


def test_strangers_find_nothing_and_the_suspended_send_nothing(
    allowed: None, appointment: Appointment, maries_account: User, holder: User, receive: Receive
) -> None:
    with pytest.raises(Appointment.DoesNotExist):
        send_unasked(appointment=now(appointment), intakes=[receive()], by=holder)
    RecordTie.objects.update(suspended_at=timezone.now())
    with pytest.raises(NotYours):
        send_unasked(appointment=now(appointment), intakes=[receive()], by=maries_account)


def test_the_booker_of_an_adult_sends_and_the_others_do_not_see_it(
    allowed: None, marie: Patient, book_for: BookFixture, holder: User, receive: Receive, maries_account: User
) -> None:
    booked = book_for(marie, holder=holder, booked_for=BookedFor.ADULT_RELATIVE)
    (own,) = send_unasked(appointment=now(booked), intakes=[receive()], by=maries_account)
    assert may_send_unasked(holder, now(booked))
    (theirs,) = send_unasked(appointment=now(booked), intakes=[receive(name="autre.pdf")], by=holder)
    assert [one.pk for one in received_seen_by(holder)] == [theirs.pk]
    assert {one.pk for one in received_seen_by(maries_account)} == {own.pk, theirs.pk}


def test_an_account_sends_so_many_files_and_bytes_a_day(
    allowed: None,
    appointment: Appointment,
    maries_account: User,
    receive: Receive,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = letter("Ordonnance", ["Une autre."], heading="Cabinet")

    def send(*content: bytes) -> None:
        send_unasked(appointment=now(appointment), intakes=[receive(*content)], by=maries_account)

    monkeypatch.setattr(limits, "UNASKED", Bound(1, 200 * MEGABYTE))
    send()
    send()  # a repeat of what is there
    with pytest.raises(TooMuchToday) as refused:
        send(other)
    assert "Vous avez envoyé 1 fichier ou 200 Mo" in str(refused.value.words)
    ReceivedDocument.objects.update(received_at=timezone.now() - timedelta(hours=25))
    monkeypatch.setattr(limits, "UNASKED", Bound(20, 10))
    with pytest.raises(TooMuchToday):
        send(other)
    assert ReceivedDocument.objects.count() == 1


def test_what_was_asked_uses_up_the_bound_of_the_account_and_not_that_of_what_was_not(
    allowed: None,
    appointment: Appointment,
    ask_for: Ask,
    maries_account: User,
    receive: Receive,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = letter("Ordonnance", ["Une autre."], heading="Cabinet")
    send_files(request=ask_for(appointment), intakes=[receive()], by=maries_account)

    def send_other() -> None:
        send_unasked(appointment=now(appointment), intakes=[receive(other)], by=maries_account)

    monkeypatch.setattr(limits, "UNASKED", Bound(1, 200 * MEGABYTE))
    with monkeypatch.context() as patch:
        patch.setattr(limits, "OF_SENDER", Bound(1, 500 * MEGABYTE))
        with pytest.raises(TooMuchToday):
            send_other()
    send_other()
    assert ReceivedDocument.objects.count() == 2
