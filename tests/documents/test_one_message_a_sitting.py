"""Documents shared in one sitting are announced in one message for each channel, which states their number."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, ReminderPolicy
from documents import messages
from documents.messages import LONGEST_SITTING
from documents.models import LibraryDocument, SharedDocument
from documents.sharing.share import share_library_document, take_back
from notifications.delivery import deliver_due
from notifications.models import Channel, Message, MessageState
from patients.models import Patient
from practices.models import Practice
from tests.documents.ways import on_day

pytestmark = pytest.mark.django_db
Share = Callable[[], SharedDocument]
WORDS = {
    "fr": (r"(\d+|un) documents?\b", "un", "documents vous attendent"),
    "en": (r"(\d+|a) documents?\b", "a", "documents are waiting for you"),
}


@pytest.fixture
def share(appointment: Appointment, access_plan: LibraryDocument, bob: User) -> Share:
    def _share() -> SharedDocument:
        with transaction.atomic():
            return share_library_document(appointment=appointment, library_document=access_plan, by=bob)

    return _share


def counts(language: str = "fr") -> dict[str, list[int]]:
    """For each channel, the numbers of documents in its messages."""
    pattern, one, _subject = WORDS[language]
    found: dict[str, list[int]] = {}
    for message in Message.objects.exclude(state=MessageState.CALLED_OFF).order_by("created_at"):
        said = re.search(pattern, message.subject, re.IGNORECASE)
        assert said, message.subject
        assert not message.body or said[0].lower() in message.body
        found.setdefault(message.channel, []).append(1 if said[1].lower() == one else int(said[1]))
    return found


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("seconds", [0, 4, 14])
def test_ten_documents_one_after_the_other_make_one_message_that_counts_them(
    share: Share, marie: Patient, appointment: Appointment, language: str, seconds: int
) -> None:
    Patient.objects.update(language=language)
    appointment.patient.refresh_from_db()
    start = timezone.now()
    for which in range(10):
        with on_day(start + timedelta(seconds=which * seconds)):
            deliver_due(Channel.EMAIL)
            share()
    most = -(-10 * seconds // int(LONGEST_SITTING.total_seconds())) or 1
    found = counts(language)
    assert {channel: sum(told) for channel, told in found.items()} == {"email": 10, "sms": 10}
    assert all(len(told) <= most for told in found.values())
    if len(found["email"]) == 1:
        assert f"10 {WORDS[language][2]}" in Message.objects.get(channel=Channel.EMAIL).subject


def test_a_document_alone_is_told_of_in_the_singular(share: Share) -> None:
    share()
    assert counts() == {"email": [1], "sms": [1]}
    assert Message.objects.get(channel=Channel.EMAIL).subject.startswith("Un document vous attend")


@pytest.mark.parametrize("taken", range(1, 5))
def test_what_is_taken_back_before_it_leaves_is_not_counted(share: Share, bob: User, taken: int) -> None:
    documents = [share() for _ in range(4)]
    for document in documents[:taken]:
        take_back(document=document, by=bob)
    left = [4 - taken] if taken < 4 else []
    assert counts() == ({"email": left, "sms": left} if left else {})


def test_a_message_waits_for_the_next_document_but_not_for_ever(share: Share) -> None:
    start = timezone.now()
    for second in range(0, 180, 10):
        with on_day(start + timedelta(seconds=second)):
            share()
            assert all(one.due_at <= one.created_at + LONGEST_SITTING for one in Message.objects.all())


def test_of_an_evening_each_email_tells_of_its_own_and_the_sms_of_the_morning_of_all(
    share: Share, practice: Practice, alice: User
) -> None:
    ReminderPolicy.objects.create(practice=practice, quiet_from=time(21), quiet_until=time(8))
    evening = datetime.combine(timezone.localdate(timezone=practice.zone), time(21, 5), practice.zone)
    with on_day(evening):
        share()
    Message.objects.filter(channel=Channel.EMAIL).update(state=MessageState.SENT, sent_at=evening)
    with on_day(evening + timedelta(hours=1)):
        share()
    assert counts() == {"email": [1, 1], "sms": [2]}
    sms = Message.objects.get(channel=Channel.SMS)
    assert timezone.localtime(sms.due_at, practice.zone).time() == time(8)


def test_an_sms_that_a_limit_refused_is_not_tried_with_every_document(share: Share, marie: Patient) -> None:
    Patient.objects.update(mobile="+14155550123")
    SharedDocument.objects.all().delete()
    share()
    share()
    assert Message.objects.filter(channel=Channel.SMS).count() == 1
    assert {one.needs_attention for one in SharedDocument.objects.all()} == {True}


def test_documents_replaced_and_shared_together_are_counted_as_shared(share: Share) -> None:
    first = share()
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    SharedDocument.objects.filter(pk=first.pk).update(replaced_at=timezone.now())
    first.refresh_from_db()

    messages.announce(first, by=first.shared_by or User(), replaced=True)
    assert "a remplacé un document" in Message.objects.get(channel=Channel.SMS, state="queued").body
    share()
    assert "a partagé 2 documents" in Message.objects.get(channel=Channel.SMS, state="queued").body
