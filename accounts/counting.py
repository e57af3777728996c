"""Counts tries exactly: one statement counts and returns the result, so parallel requests never get the same number.

The rows are in the database and not in the cache, so that they survive a flushed cache. A count made inside a
transaction locks its row until the transaction ends, and is rolled back with it.
"""

from __future__ import annotations

import time
from datetime import timedelta

from django.db import connection
from django.db.models import F
from django.utils.crypto import salted_hmac

from accounts.models import RateCount

COUNT = f"""
    INSERT INTO {RateCount._meta.db_table} AS counted (key, count, ends_at) VALUES (%s, 1, %s)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN counted.ends_at <= %s THEN 1 ELSE counted.count + 1 END,
        ends_at = CASE WHEN counted.ends_at <= %s THEN excluded.ends_at ELSE counted.ends_at END
    RETURNING count
"""  # noqa: S608  # the table's name alone


def count_one(kind: str, subject: object, *, window: timedelta) -> int:
    """Count one try; returns the number of tries in its window, this one included. The first try opens the window."""
    now = int(time.time())
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [_key(kind, subject), now + int(window.total_seconds()), now, now])
        return int(cursor.fetchone()[0])


def count_now(kind: str, subject: object) -> int:
    """The tries of the current window."""
    row = RateCount.objects.filter(key=_key(kind, subject), ends_at__gt=int(time.time())).first()
    return row.count if row else 0


def take_back(kind: str, subject: object) -> None:
    """Uncount one try, because it was right."""
    RateCount.objects.filter(key=_key(kind, subject), count__gt=0).update(count=F("count") - 1)


def forget_count(kind: str, subject: object) -> None:
    RateCount.objects.filter(key=_key(kind, subject)).delete()


def hold(kind: str, subject: object) -> None:
    """Lock this count until the transaction ends. Call it inside a transaction."""
    if not connection.in_atomic_block:
        raise RuntimeError("There is no transaction whose end would let go.")
    count_one(f"hold:{kind}", subject, window=timedelta(hours=1))


def forget_ended_counts() -> int:
    """Remove windows that ended an hour ago or more; returns their number."""
    return RateCount.objects.filter(ends_at__lt=int(time.time()) - 3600).delete()[0]


def _key(kind: str, subject: object) -> str:
    """An opaque key, so that a dump of the table reveals no account and no address."""
    return salted_hmac("accounts.counting", f"{kind}:{subject}", algorithm="sha256").hexdigest()
