"""Claims due messages for a worker: of practices in turn, where many wait (jobs/round_robin.py)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet

from jobs.leases import hold
from jobs.round_robin import RoundRobin, Share
from notifications.models import Channel, Message

# Goes from practice to practice in the index message_turn: reads one entry for each that has queued messages, and
# one more for its first that is due. A DISTINCT would read every message. No other index has the order of the inner
# query: with `practice = waiting.practice` and the order of due_at alone, PostgreSQL may read what others have due.
PRACTICES = """
WITH RECURSIVE waiting (practice) AS (
  SELECT (SELECT practice FROM notifications_message
    WHERE state = 'queued' AND channel = %(channel)s AND practice > %(after)s ORDER BY practice LIMIT 1)
  UNION ALL
  SELECT (SELECT practice FROM notifications_message
    WHERE state = 'queued' AND channel = %(channel)s AND practice > waiting.practice ORDER BY practice LIMIT 1)
  FROM waiting WHERE waiting.practice IS NOT NULL
)
SELECT practice FROM waiting WHERE practice IS NOT NULL AND (
  SELECT id FROM notifications_message AS message
  WHERE state = 'queued' AND channel = %(channel)s
    AND message.practice >= waiting.practice AND (message.practice, due_at) <= (waiting.practice, %(now)s)
    AND (lease_until IS NULL OR lease_until < %(now)s)
  ORDER BY message.practice, due_at LIMIT 1
) IS NOT NULL LIMIT %(most)s
"""
TURNS: dict[Channel, RoundRobin[Message, uuid.UUID | None]] = {channel: RoundRobin() for channel in Channel}


def claim(channel: Channel, *, size: int, lease: timedelta, now: datetime) -> list[Message]:
    """Take up to `size` due messages until `now` + `lease`. Those of no practice, like codes, are in each batch."""

    def shares_after(practice: uuid.UUID, most: int) -> list[Share[uuid.UUID | None]]:
        return [Share(one, one) for one in practices_with_due(channel, after=practice, most=most, now=now)]

    with transaction.atomic():
        due = Message.objects.due(now).filter(channel=channel)
        rows = TURNS[channel].take(due, size=size, shares_after=shares_after, rows_of=_of_practice, always=(None,))
        return hold(rows, until=now + lease)


def practices_with_due(channel: Channel, *, after: uuid.UUID, most: int, now: datetime) -> list[uuid.UUID]:
    """The first `most` practices with due messages whose id is greater than `after`, in order of their ids."""
    practice = Message._meta.get_field("practice")
    values = {
        "channel": channel.value,
        "after": practice.get_db_prep_value(after, connection),
        "now": connection.ops.adapt_datetimefield_value(now),
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(PRACTICES, values)
        return [practice.to_python(row[0]) for row in cursor.fetchall()]


def _of_practice(due: QuerySet[Message], practice: uuid.UUID | None) -> QuerySet[Message]:
    return due.filter(practice=practice)
