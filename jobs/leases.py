"""Rows that workers share: claimed in batches under a lease, retried after a growing wait, finally given up.

A row has `attempts` and a column that holds the end of its lease. Claiming a row counts the attempt at once, so that
a row that kills its worker is given up in the end. A worker whose lease has expired may no longer change the row.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar, cast

from django.db import models, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

MAX_ATTEMPTS = 20  # with `back_off`: about a day
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=2)


class Leased(Protocol):
    pk: Any
    attempts: int


Row = TypeVar("Row", bound=models.Model)


def claim(
    due: QuerySet[Row], *, size: int, lease: timedelta, now: datetime, column: str = "lease_until"
) -> list[Row]:
    """Take the `size` rows of `due` that come first, until `now` + `lease`. No two workers hold the same row.

    PostgreSQL skips rows that another worker is claiming; on SQLite the transaction holds the write lock.
    """
    with transaction.atomic():
        return hold(first_of(due, size), until=now + lease, column=column)


def first_of(due: QuerySet[Row], size: int) -> list[Row]:
    """Lock the `size` rows of `due` that come first, of those that nobody else has locked."""
    return list(due.select_for_update(skip_locked=True, of=("self",)).order_by("due_at", "id")[:size])


def hold(rows: list[Row], *, until: datetime, column: str = "lease_until") -> list[Row]:
    """Take locked rows until then, and count an attempt for each."""
    if rows:
        claimed = type(rows[0])._base_manager.filter(pk__in=[row.pk for row in rows])
        claimed.update(**{column: until, "attempts": F("attempts") + 1})
    for row in rows:
        setattr(row, column, until)
        cast("Leased", row).attempts += 1
    return rows


def held(row: Row, column: str = "lease_until") -> QuerySet[Row]:
    """The row while it is still ours: neither its lease nor its count of attempts was changed since we claimed it."""
    mine = {"pk": row.pk, column: getattr(row, column), "attempts": cast("Leased", row).attempts}
    return type(row)._base_manager.filter(**mine)


def put_back(row: Row, *, wait: timedelta = timedelta(), **only: object) -> None:
    """Release a claimed row without an attempt: the attempt does not count."""
    held(row).filter(**only).update(due_at=timezone.now() + wait, lease_until=None, attempts=F("attempts") - 1)


def back_off(attempts: int) -> timedelta:
    """The wait before the next attempt: 10 s, 20 s, 40 s … 2 h, each varied at random by a fifth, so that a thousand
    failures are not retried in one second."""
    wait: timedelta = min(FIRST_WAIT * 2 ** min(attempts - 1, 30), LONGEST_WAIT)
    return wait * random.uniform(0.8, 1.2)  # noqa: S311 (spreads load, guards nothing)
