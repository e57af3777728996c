"""A transaction that reads one snapshot of the data, however long it takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def snapshot() -> Iterator[None]:
    """SQLite's transactions always do. On PostgreSQL (REPEATABLE READ), a transaction that changes or deletes rows
    that others changed since fails with an OperationalError or IntegrityError; the caller must repeat it."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if connection.vendor == "postgresql" and outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield
