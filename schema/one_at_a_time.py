"""One `migrate` at a time, whichever machines they run on."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

KEY = 0x646F6373  # of pg_advisory_lock; any number that nothing else in this database locks
LOOK_EVERY = 0.5  # seconds
WAITING = "Another migrate is at work on this database; waiting until it ends."


@contextmanager
def migrating_alone(connection: BaseDatabaseWrapper, tell: Callable[[str], object]) -> Iterator[None]:
    """Wait until no other process migrates this database, then keep others waiting. A process that dies lets go."""
    lock = {"postgresql": _advisory_lock, "sqlite": _file_lock}[connection.vendor]
    with lock(connection, tell):
        yield


@contextmanager
def _advisory_lock(connection: BaseDatabaseWrapper, tell: Callable[[str], object]) -> Iterator[None]:
    """On a connection of its own, which migrations cannot close.

    Asked again and again: a statement that waits for the lock would be a transaction, for whose end the other's
    CREATE INDEX CONCURRENTLY would wait in turn.
    """
    holder = connection.copy()
    try:
        with holder.cursor() as cursor:
            waits = False
            while True:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [KEY])
                if cursor.fetchone()[0]:
                    break
                if not waits:
                    tell(WAITING)
                waits = True
                time.sleep(LOOK_EVERY)
        yield
    finally:
        holder.close()


@contextmanager
def _file_lock(connection: BaseDatabaseWrapper, tell: Callable[[str], object]) -> Iterator[None]:
    if connection.is_in_memory_db():  # type: ignore[attr-defined]  # of SQLite's wrapper: no other process sees it
        yield
        return
    path = Path(f"{connection.settings_dict['NAME']}.migrating")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(WAITING)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
