"""Staff see, accept and refuse what patients sent; the request's state follows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from appointments.history import history_of
from appointments.models import Appointment
from documents.models import DocumentRequest, ReadingMeans, ReceivedDocument, RequestState
from documents.receiving.access import all_received, received_by_staff
from documents.receiving.seeing import AlreadySettled, accept, note_seen, refuse
from documents.receiving.sending import AlreadySeen, send_files, take_back
from files.intake import Intake
from notifications.models import Message, MessageState
from practices.roles import NotAllowed
from tests.documents.receiving.conftest import Ask, again

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_(appointment: Appointment, ask_for: Ask) -> DocumentRequest:
    return ask_for(appointment)


@pytest.fixture
def sent(request_: DocumentRequest, maries_account: User, receive: Callable[..., Intake]) -> ReceivedDocument:
    (received,) = send_files(request=request_, intakes=[receive()], by=maries_account)
    return all_received().get(pk=received.pk)


def test_nothing_is_judged_by_who_may_not_share_and_judging_is_seeing(
    sent: ReceivedDocument, maries_account: User, bob: User, rita: User, charlie: User
) -> None:
    note_seen(received=sent, by=rita, means=ReadingMeans.VIEWED)
    for other in (rita, charlie):
        with pytest.raises(NotAllowed):
            accept(received=sent, by=other)
    assert list(received_by_staff(rita)) == [sent]
    assert list(received_by_staff(charlie)) == []
    ReceivedDocument.objects.update(seen_at=None)
    assert accept(received=sent, by=bob).seen_at is not None
    with pytest.raises(AlreadySeen):
        take_back(received=sent, by=maries_account)


def test_accepting_fulfils_the_request_once(sent: ReceivedDocument, request_: DocumentRequest, bob: User) -> None:
    note_seen(received=sent, by=bob, means=ReadingMeans.VIEWED)
    for _ in range(2):
        accept(received=sent, by=bob)
    assert again(request_).state == RequestState.ACCEPTED
    actions = [line.action for line in history_of(sent.appointment)]
    assert (actions.count("received.accepted"), actions.count("request.fulfilled")) == (1, 1)
    with pytest.raises(AlreadySettled):
        refuse(received=sent, sentence="Trop tard", by=bob)


def test_refusing_says_why_on_the_page_alone_and_asks_again(
    sent: ReceivedDocument,
    request_: DocumentRequest,
    bob: User,
    maries_account: User,
    receive: Callable[..., Intake],
) -> None:
    note_seen(received=sent, by=bob, means=ReadingMeans.VIEWED)
    for empty in (" ", "x" * 501):
        with pytest.raises(ValidationError):
            refuse(received=sent, sentence=empty, by=bob)
    refuse(received=sent, sentence="La page  est floue.", by=bob)
    asked = again(request_)
    assert (asked.state, asked.sentence, asked.takes_files) == (RequestState.REFUSED, "La page est floue.", True)
    told = Message.objects.filter(about=request_.pk, state=MessageState.QUEUED)
    assert told.count() == 2
    assert not [one for one in told if "floue" in one.subject + one.body]
    send_files(request=asked, intakes=[receive(name="nette.pdf", content=_other())], by=maries_account)
    assert (again(request_).state, again(request_).sentence) == (RequestState.RECEIVED, "")
    assert not Message.objects.filter(about=request_.pk, state=MessageState.QUEUED).exists()


def _other() -> bytes:
    from docshare.demo.letters import letter

    return letter("Courrier", ["Page nette"], heading="Maison")


def test_taken_back_meanwhile_is_not_seen(sent: ReceivedDocument, bob: User) -> None:
    ReceivedDocument.objects.filter(pk=sent.pk).delete()
    with pytest.raises(ReceivedDocument.DoesNotExist):
        note_seen(received=sent, by=bob, means=ReadingMeans.VIEWED)
