"""A practice with thousands of waiting rows beside small ones: whose messages are taken, in what order."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from jobs.round_robin import FIRST, MOST, RoundRobin
from notifications import claiming as messages
from notifications.models import Channel, Message

pytestmark = pytest.mark.django_db

NOW = timezone.now()
LEASE = timedelta(minutes=1)
GIANT = uuid.UUID(int=5)
SMALL = [uuid.UUID(int=number) for number in (3, 4, 6, 7)]


@pytest.fixture(autouse=True)
def _turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "TURNS", {channel: RoundRobin() for channel in Channel})


def email(practice: uuid.UUID | None, *, due: timedelta = timedelta(), **more: Any) -> Message:
    address = "marie.durand@courriel.example"
    return Message(channel="email", to=address, practice=practice, due_at=NOW - timedelta(hours=1) + due, **more)


def claim(size: int = 100) -> list[uuid.UUID | None]:
    """The practices of the messages of a batch, in order."""
    taken = messages.claim(Channel.EMAIL, size=size, lease=LEASE, now=NOW)
    return [message.practice for message in taken]


def test_the_ten_messages_of_a_small_practice_wait_for_one_batch_of_a_giant() -> None:
    Message.objects.bulk_create([email(GIANT) for _ in range(3000)])
    assert claim() == [GIANT] * 100
    later = timedelta(minutes=30)
    Message.objects.bulk_create([email(practice, due=later) for practice in SMALL for _ in range(10)])
    batch = claim()
    assert len(batch) == 100
    assert {practice: batch[:40].count(practice) for practice in SMALL} == dict.fromkeys(SMALL, 10)
    assert claim() == [GIANT] * 100


def test_a_code_of_no_practice_is_in_the_next_batch() -> None:
    Message.objects.bulk_create([email(GIANT) for _ in range(300)])
    claim()
    Message.objects.bulk_create([email(None, due=timedelta(minutes=50))])
    assert claim()[0] is None


def test_many_practices_have_turns_and_none_is_left_out() -> None:
    practices = [uuid.UUID(int=number) for number in range(1, 36)]
    Message.objects.bulk_create([email(practice) for practice in practices for _ in range(30)])
    served = set()
    for _ in range(5):
        batch = claim()
        assert len(batch) == 100
        served.update(batch)
    assert served == set(practices)
    for _ in range(20):
        claim()
    assert not Message.objects.due(NOW).exists()


def test_a_short_queue_is_taken_in_order_by_few_statements(django_assert_num_queries: Any) -> None:
    Message.objects.bulk_create([email(SMALL[0], due=timedelta(minutes=2)), email(GIANT)])
    with django_assert_num_queries(5):  # two of the transaction, one for practices that wait
        assert claim() == [GIANT, SMALL[0]]


def test_only_due_messages_of_this_channel_give_a_practice_its_turn() -> None:
    Message.objects.bulk_create(
        [
            email(SMALL[0]),
            email(SMALL[1], due=timedelta(hours=2)),
            email(SMALL[2], lease_until=NOW + LEASE),
            Message(channel="sms", to="+33612345678", practice=SMALL[3], due_at=NOW),
        ]
    )
    assert messages.practices_with_due(Channel.EMAIL, after=FIRST, most=MOST, now=NOW) == [SMALL[0]]
    assert messages.practices_with_due(Channel.EMAIL, after=SMALL[0], most=MOST, now=NOW) == []
    assert messages.practices_with_due(Channel.SMS, after=FIRST, most=MOST, now=NOW) == [SMALL[3]]


def test_practices_and_their_messages_are_found_by_index() -> None:
    Message.objects.bulk_create([email(GIANT) for _ in range(5000)])
    Message.objects.bulk_create([email(practice) for practice in SMALL for _ in range(3)])
    statement = messages.PRACTICES % {"channel": "'email'", "after": f"'{FIRST}'", "now": f"'{NOW}'", "most": MOST}
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE notifications_message")
        cursor.execute(("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + statement)
        plan = "\n".join(str(row) for row in cursor.fetchall())
    assert "message_turn" in plan
    assert "message_due" not in plan
    assert "Seq Scan" not in plan
    assert "SCAN notifications_message" not in plan
    due = Message.objects.due(NOW).filter(channel="email", practice=SMALL[0]).order_by("due_at", "id")[:10]
    found = due.explain()
    assert "message_turn" in found
    assert "sort" not in found.lower()
    assert "temp" not in found.lower()
