"""Claims rows of practices in turn: a million waiting rows of one practice delay another's ten by one batch.

A queue that one batch empties is taken in order. Only behind a longer one are practices asked for in turn, which
costs a statement for each of them.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from django.db.models import Model, QuerySet

from jobs.leases import first_of

Row = TypeVar("Row", bound=Model)
Key = TypeVar("Key")
FIRST = uuid.UUID(int=0)
MOST = 10  # practices in a batch
ASK_AGAIN_AFTER = 1.0  # seconds for which fewer than MOST practices are taken to be all that have due rows


class Share(NamedTuple, Generic[Key]):
    """A practice with due rows, and the value by which `rows_of` finds them."""

    practice: uuid.UUID
    key: Key


class RoundRobin(Generic[Row, Key]):
    """The turns of one kind of rows in one process. Each process has turns of its own."""

    def __init__(self) -> None:
        self._is_behind = False
        self._last = uuid.uuid4()  # processes begin at different practices
        self._shares: list[Share[Key]] = []
        self._asked_at = float("-inf")

    def take(
        self,
        due: QuerySet[Row],
        *,
        size: int,
        shares_after: Callable[[uuid.UUID, int], list[Share[Key]]],
        rows_of: Callable[[QuerySet[Row], Key], QuerySet[Row]],
        always: tuple[Key, ...] = (),
    ) -> list[Row]:
        """Lock about `size` rows of `due`, in a transaction. `shares_after`: the first practices with due rows whose
        id is greater, at most so many, in order of ids. `always`: keys that have a share in each batch."""
        if self._is_behind:
            rows = self._in_turn(due, size, [*always, *self._next(shares_after)], rows_of)
        else:
            rows = first_of(due, size)
        self._is_behind = len(rows) >= size
        return rows

    def _next(self, shares_after: Callable[[uuid.UUID, int], list[Share[Key]]]) -> list[Key]:
        """The keys of the practices whose turn it is."""
        if len(self._shares) >= MOST or time.monotonic() - self._asked_at > ASK_AGAIN_AFTER:
            after = shares_after(self._last, MOST)
            from_the_first = shares_after(FIRST, MOST - len(after)) if len(after) < MOST else []
            self._shares = list({share.practice: share for share in [*after, *from_the_first]}.values())
            self._asked_at = time.monotonic()
        if self._shares:
            self._last = self._shares[-1].practice
        return [share.key for share in self._shares]

    @staticmethod
    def _in_turn(
        due: QuerySet[Row],
        size: int,
        keys: list[Key],
        rows_of: Callable[[QuerySet[Row], Key], QuerySet[Row]],
    ) -> list[Row]:
        """An equal part of the batch for each; what some leave goes to others. Who asks for least comes first."""
        taken: dict[Key, list[Row]] = {}
        room, full = size, []
        for rank, key in enumerate(keys):
            part = max(room // (len(keys) - rank), 1)
            taken[key] = first_of(rows_of(due, key), part)
            room -= len(taken[key])
            if len(taken[key]) == part:
                full.append(key)
        for key in full:
            if room > 0:
                more = first_of(rows_of(due, key), len(taken[key]) + room)
                room -= len(more) - len(taken[key])
                taken[key] = more
        return [row for rows in sorted(taken.values(), key=len) for row in rows]
