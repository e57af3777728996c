"""Deadlines of exchanges with servers: one thread of the process cuts off those that take longer.

The time-out of a socket restarts with every byte, so a server that sends single bytes would block a worker for hours.
A thread for each exchange would take longer to start than a small message to send.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import math
import os
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)
LOOK_EVERY = 0.25  # seconds


class Deadline:
    """Calls `cut_off` in another thread once `seconds` have passed, and every LOOK_EVERY seconds from then on (the
    connection may only be open later), until `end`."""

    def __init__(self, seconds: float, cut_off: Callable[[], None]) -> None:
        self._lock = threading.Lock()
        self._cut_off: Callable[[], None] | None = cut_off
        self._has_passed = False
        _watcher.add(self, time.monotonic() + seconds)

    def end(self) -> bool:
        """From now on `cut_off` is not called. Returns whether the deadline has passed."""
        with self._lock:
            self._cut_off = None
            return self._has_passed

    def pass_by(self) -> bool:
        """Called once it has passed; returns whether to call again."""
        with self._lock:
            if self._cut_off is None:
                return False
            self._has_passed = True
            try:
                self._cut_off()
            except Exception:  # the thread is that of all others, too
                logger.exception("An exchange could not be cut off.")
            return True


class _Watcher:
    """Starts its thread with the first deadline. A deadline that has ended stays in the heap until its time."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._heap: list[tuple[float, int, Deadline]] = []
        self._wakes_at = -math.inf  # while it does not wait
        self._thread: threading.Thread | None = None

    def add(self, deadline: Deadline, at: float) -> None:
        with self._changed:
            heapq.heappush(self._heap, (at, next(self._numbers), deadline))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            elif at < self._wakes_at:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            deadline = self._next()
            if deadline.pass_by():
                self.add(deadline, time.monotonic() + LOOK_EVERY)

    def _next(self) -> Deadline:
        """Waits until one has passed."""
        with self._changed:
            while True:
                at = self._heap[0][0] if self._heap else math.inf
                left = at - time.monotonic()
                if left <= 0:
                    return heapq.heappop(self._heap)[2]
                self._wakes_at = at
                self._changed.wait(left if left < threading.TIMEOUT_MAX else None)
                self._wakes_at = -math.inf


_watcher = _Watcher()


def _begin_anew() -> None:
    """In a fork: it has none of the threads, and perhaps a lock that one of them held."""
    global _watcher
    _watcher = _Watcher()


os.register_at_fork(after_in_child=_begin_anew)
