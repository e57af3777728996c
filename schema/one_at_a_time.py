"""Allows one `migrate` at a time across all machines."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper as SqliteWrapper

KEY = 0x646F6373  # of pg_advisory_lock; any number that nothing else in this database uses
LOOK_EVERY = 0.5  # seconds
WAITING = "Another migrate is at work on this database; waiting until it ends."


@contextmanager
def migration_lock(connection: BaseDatabaseWrapper, tell: Callable[[str], object]) -> Iterator[None]:
    """Wait until no other process migrates this database, then make others wait. The lock ends with its process."""
    lock = {"postgresql": _advisory_lock, "sqlite": _file_lock}[connection.vendor]
    with lock(connection, tell):
        yield


@contextmanager
def _advisory_lock(connection: BaseDatabaseWrapper, tell: Callable[[str], object]) -> Iterator[None]:
    """On a connection of its own, which migrations cannot close.

    Polls: a statement that waits for the lock would be an open transaction, and the other process's CREATE INDEX
    CONCURRENTLY would wait for its end.
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
    if isinstance(connection, SqliteWrapper) and connection.is_in_memory_db():  # no other process sees it
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
