"""Limits for work that anybody may request without signing in: the open verification. It has few places of its own.

Without them, forty strangers with slow files would occupy the places that signing needs and the processors that pages
need. So open work
- takes one of SANDBOX_OPEN_PLACES, counted over all web processes that share DATA_DIR (a file lock: the kernel
  releases it when a process dies, and it needs no cache);
- is admitted only if a place will soon be free (`admitted`): other requests are refused before their file is read,
  since receiving forty files at once delays pages, too;
- never queues: it is refused after one second at most, and the caller says when to try again;
- shares CPU_SECONDS, WALL_SECONDS and MEMORY_BYTES among all its children, which run at the lowest priority.
"""

from __future__ import annotations

import fcntl
import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache

from django.conf import settings

CPU_SECONDS = 5.0
WALL_SECONDS = 8.0  # above: at the lowest priority a child may wait for a processor
MEMORY_BYTES = 512 << 20
PATIENCE = 1.0  # seconds; most verifications take a tenth of a second
RETRY_AFTER = 5  # seconds
POLL = 0.05  # seconds


class NoPlaceLeft(Exception):
    """All places of open work are taken. Try again in RETRY_AFTER seconds."""


@dataclass
class OpenWork:
    """The remaining bounds. Every child reduces `cpu_seconds`."""

    cpu_seconds: float = CPU_SECONDS
    ends: float = field(default_factory=lambda: time.monotonic() + WALL_SECONDS)

    @property
    def wall_seconds(self) -> float:
        return max(0.0, self.ends - time.monotonic())

    @property
    def whole_cpu_seconds(self) -> int:
        """The remaining processor time rounded up, because a resource limit has no fractions."""
        return max(1, math.ceil(self.cpu_seconds))


_current: ContextVar[OpenWork | None] = ContextVar("open_work", default=None)


def current() -> OpenWork | None:
    """This thread's open work; None for work of signed-in users and of workers."""
    return _current.get()


@contextmanager
def open_work() -> Iterator[OpenWork]:
    """A context in which all children share these bounds. Raises NoPlaceLeft."""
    place = _wait_for_place()
    token = _current.set(work := OpenWork())
    try:
        yield work
    finally:
        _current.reset(token)
        os.close(place)


@contextmanager
def admitted() -> Iterator[None]:
    """A context to receive and process a file in. Admits twice as many requests per process as there are places,
    since each one occupies a thread that serves pages. Raises NoPlaceLeft at once."""
    if not _admission().acquire(blocking=False):
        raise NoPlaceLeft
    try:
        yield
    finally:
        _admission().release()


def _wait_for_place() -> int:
    """Wait at most PATIENCE for a place; returns the descriptor of its locked file."""
    deadline = time.monotonic() + PATIENCE
    while (place := _free_place()) is None:
        if time.monotonic() > deadline:
            raise NoPlaceLeft
        time.sleep(POLL)
    return place


def _free_place() -> int | None:
    folder = settings.DATA_DIR / "places"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(settings.SANDBOX_OPEN_PLACES):
        place = os.open(folder / f"open-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(place)
        else:
            return place
    return None


@lru_cache(maxsize=1)
def _admission() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(2 * settings.SANDBOX_OPEN_PLACES)
