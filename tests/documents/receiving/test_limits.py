"""How much a sender may send in a day, by account and by link alike; a repeat of what is there costs nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from docshare.demo.letters import letter
from documents.models import DocumentLink, DocumentRequest, ReceivedDocument
from documents.receiving import limits
from documents.receiving.access import all_requests
from documents.receiving.limits import MEGABYTE, Bound, Sender, TooManyFiles, TooMuchToday
from documents.receiving.sending import send_files
from documents.sending.autosend import send_due
from documents.sending.rules import Asks, RuleContent, save_rule
from files.intake import Intake

PAGES = {text: letter("Ordonnance", [text], heading="Cabinet") for text in ("un", "deux")}
pytestmark = pytest.mark.django_db
Receive = Callable[..., Intake]


@pytest.fixture
def asked(carol: User, appointment: Appointment) -> list[DocumentRequest]:
    """What a rule asks by the link of its message, and of the account too."""
    content = RuleContent(name="Avant", documents=[], questions=[Asks("Ordonnance"), Asks("Photo")])
    save_rule(practice=appointment.practice, content=content, by=carol, to_booked=True)
    send_due()
    return list(all_requests())


@pytest.fixture(params=["account", "link"])
def sender(request: pytest.FixtureRequest, asked: list[DocumentRequest], maries_account: User) -> Sender:
    return maries_account if request.param == "account" else DocumentLink.objects.get()


@pytest.fixture
def send(sender: Sender, receive: Receive, asked: list[DocumentRequest]) -> Callable[..., list[ReceivedDocument]]:
    def _send(text: str, number: int = 0, form: uuid.UUID | None = None) -> list[ReceivedDocument]:
        request = all_requests().get(pk=asked[number].pk)
        intakes = [receive(PAGES[text], f"{text}.pdf")]
        return send_files(request=request, intakes=intakes, by=sender, sending=form)

    return _send


def test_files_and_bytes_of_a_day_are_bounded_over_all_requests(
    send: Callable[..., list[ReceivedDocument]], monkeypatch: pytest.MonkeyPatch
) -> None:
    send("un")
    for bound in (Bound(1, 500 * MEGABYTE), Bound(60, 1000)):
        monkeypatch.setattr(limits, "OF_SENDER", bound)
        with pytest.raises(TooMuchToday):
            send("deux", number=1)
        (twin,) = send("un")  # what is there already is no more
        assert twin.name == "un.pdf"
    ReceivedDocument.objects.update(received_at=timezone.now() - timedelta(hours=25))
    monkeypatch.setattr(limits, "OF_SENDER", Bound(1, 500 * MEGABYTE))
    send("deux", number=1)
    assert ReceivedDocument.objects.count() == 2


def test_a_full_request_refuses_more_and_repeats_what_it_has(
    send: Callable[..., list[ReceivedDocument]], monkeypatch: pytest.MonkeyPatch
) -> None:
    form = uuid.uuid4()
    monkeypatch.setattr(limits, "MAX_FILES", 1)
    (first,) = send("un", form=form)
    assert send("un", form=form) == send("un") == [first]
    with pytest.raises(TooManyFiles):
        send("deux")
    assert ReceivedDocument.objects.get() == first


def test_one_account_does_not_use_up_what_a_link_may_send(
    send: Callable[..., list[ReceivedDocument]], sender: Sender, monkeypatch: pytest.MonkeyPatch, alice: User
) -> None:
    send("un")
    ReceivedDocument.objects.update(sent_by=alice, link=None)
    monkeypatch.setattr(limits, "OF_SENDER", Bound(1, 500 * MEGABYTE))
    send("deux", number=1)
    assert ReceivedDocument.objects.count() == 2


@pytest.mark.parametrize(("files", "words"), [(1, "1 fichier ou 500 Mo"), (60, "60 fichiers ou 500 Mo")])
def test_the_limit_is_named_in_a_sentence_that_inflects(files: int, words: str) -> None:
    assert words in str(TooMuchToday(Bound(files, 500 * MEGABYTE)).words)
