"""The messages of the documents of a list are read at once (notifications/of_rows.py)."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from documents.models import LibraryDocument, SharedDocument
from documents.models.shared import read_messages
from documents.sharing.share import share_library_document
from notifications.models import Channel, Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def documents(access_plan: LibraryDocument, appointment: Appointment, alice: User) -> list[SharedDocument]:
    """Five: the first without a message, the others with up to four, one of them about two documents."""
    first = share_library_document(appointment=appointment, library_document=access_plan, by=alice)
    first.messages.clear()
    for count in range(1, 5):
        one = SharedDocument.objects.get(pk=first.pk)
        one.pk = uuid.uuid4()
        one.save(force_insert=True)
        for rank in range(count):
            channel = list(Channel)[rank % 2]
            one.messages.add(Message.objects.create(channel=channel, to="x", due_at=timezone.now()))
    found = list(SharedDocument.objects.all())
    found[-1].messages.add(*[message for one in found for message in one.messages.all()][:1])
    return found


def test_each_document_has_its_own_messages(documents: list[SharedDocument]) -> None:
    expected = {one.pk: set(one.messages.all()) for one in documents}
    assert sorted(map(len, expected.values()))[0] == 0
    for count in range(len(documents) + 1):
        read = documents[:count]
        with CaptureQueriesContext(connection) as queries:
            read_messages(read)
            shown = [one.all_messages for one in read]
        assert len(queries) == (1 if count else 0)
        assert [set(messages) for messages in shown] == [expected[one.pk] for one in read]
        assert [len(messages) for messages in shown] == [len(expected[one.pk]) for one in read]


def test_they_are_read_anew_each_time(documents: list[SharedDocument]) -> None:
    read_messages(documents)
    before = {one.pk: len(one.all_messages) for one in documents}
    documents[0].messages.add(Message.objects.create(channel=Channel.SMS, to="x", due_at=timezone.now()))
    read_messages(documents)
    assert len(documents[0].all_messages) == before[documents[0].pk] + 1
