"""The lock that admits one process at a time to the seals. Who writes lines takes none."""

from __future__ import annotations

from django.db import connection

TURN = 0x0D0C5EA1  # key of the advisory lock on PostgreSQL; on SQLite the transaction's write lock does it


def try_lock_sealing() -> bool:
    """Take it until the end of the transaction; False if another process has it."""
    return bool(_ask("SELECT pg_try_advisory_xact_lock(%s)")) if connection.vendor == "postgresql" else True


def lock_sealing() -> None:
    """Take it until the end of the transaction, once the process that has it has ended its own."""
    if connection.vendor == "postgresql":
        _ask("SELECT pg_advisory_xact_lock(%s)")


def _ask(statement: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(statement, [TURN])
        return cursor.fetchone()[0]
