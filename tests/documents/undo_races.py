"""A worker that claims rows, and somebody who undoes what they belong to, at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection, transaction

from documents.undoing.journal import TooLateToUndo


def race(first: str, *, claim: Callable[[], object], undo: Callable[[], object]) -> tuple[object, bool]:
    """What was claimed, and whether it was too late to undo. `first`, "worker" or "undo", has the rows until the
    other one has asked for them."""
    has_rows, may_end = threading.Event(), threading.Event()
    claimed: list[object] = []
    too_late: list[bool] = []

    def worker() -> None:
        try:
            with transaction.atomic():
                claimed.append(claim())
                has_rows.set()
                may_end.wait(5 if first == "worker" else 0)
        finally:
            connection.close()

    def undoing() -> None:
        try:
            with transaction.atomic():
                undo()
                has_rows.set()
                may_end.wait(5 if first == "undo" else 0)
        except TooLateToUndo:
            too_late.append(True)
        finally:
            connection.close()

    order = (worker, undoing) if first == "worker" else (undoing, worker)
    threads = [threading.Thread(target=one) for one in order]
    threads[0].start()
    assert has_rows.wait(10)
    threads[1].start()
    threads[1].join(1)
    may_end.set()
    for thread in threads:
        thread.join(10)
    assert claimed
    return claimed[0], bool(too_late)
