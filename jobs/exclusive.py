"""One kind of work, done by one thread of a process at a time.

Nudges come faster than their work ends. Without this, each of them would take a thread of the worker for the same
rows until none is left for anything else; and a worker that is killed would have more than one message in flight.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_leaving = False


def leave(**_of_the_signal: object) -> None:
    """This process was asked to go: work that has many pieces ends after the one at hand.

    A plain name, because a signal's handler calls it: a lock might be held by whom it interrupts.
    """
    global _leaving
    _leaving = True


def is_leaving() -> bool:
    return _leaving


class OneAtATime:
    """If a run is in progress, request one more pass of it instead of a second run."""

    def __init__(self, seconds: float) -> None:
        """`seconds`: the longest run; well within the broker's visibility timeout."""
        self._seconds = seconds
        self._busy = threading.Lock()
        self._wanted = False

    def run(self, step: Callable[[], bool]) -> bool:
        """Repeat `step` while it returns that there is more, or another pass was requested. True if it stopped before
        that, because its time was over or this process is to end.

        The request is written before the lock is tried, and read after the lock is released: none is lost.
        """
        self._wanted, end = True, time.monotonic() + self._seconds
        while self._wanted and self._busy.acquire(blocking=False):
            try:
                self._wanted = False
                while step():
                    if is_leaving() or time.monotonic() > end:
                        return True
            finally:
                self._busy.release()
        return False
