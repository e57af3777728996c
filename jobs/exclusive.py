"""Runs one kind of work in at most one thread of a process at a time.

Nudges arrive faster than their work finishes. Without this limit, each of them would occupy a thread of the worker
for the same rows until no thread is left; and a killed worker could repeat more than one message.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_leaving = False


def leave(**_of_the_signal: object) -> None:
    """The process must end: work in many pieces stops after the current one.

    Sets a plain global without a lock, because a signal handler calls it and the interrupted code might hold the
    lock.
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
        """Repeat `step` while it returns that there is more, or another pass was requested. True if it stopped
        earlier, because its time was over or the process must end.

        The request is set before the lock is tried and read after the lock is released, so none is lost.
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
