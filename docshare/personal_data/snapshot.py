"""A transaction that sees one moment, however long it takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def snapshot() -> Iterator[None]:
    """SQLite's transactions do so by themselves. On PostgreSQL (REPEATABLE READ), one that deletes or changes what
    others changed since fails with an OperationalError or IntegrityError, to be tried again."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if connection.vendor == "postgresql" and outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield
