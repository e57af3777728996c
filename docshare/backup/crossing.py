"""Loads a backup of the embedded default (SQLite) into PostgreSQL, so that a trial becomes a production site.

Rows stay as they are, with ids, times and sealed texts; PostgreSQL parses each value from its text. One transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from docshare.backup.envelope import BackupFailed

BATCH = 1000  # rows


def refuse_another_schema(migrations: list[list[str]]) -> None:
    """Require the same migrations on both sides, because tables are copied one to one. `migrations`: those of the
    backup."""
    missing = MigrationLoader(None, ignore_no_migrations=True).disk_migrations.keys() - set(map(tuple, migrations))
    if missing:
        raise BackupFailed(
            f"This backup is of an older docshare ({'.'.join(min(missing))} is missing). Start the trial once with "
            "this version, back it up again, and restore that."
        )


def load_sqlite(path: Path) -> None:
    """Copy every row of the SQLite database at `path` into this PostgreSQL database, which must be empty."""
    call_command("migrate", verbosity=0, interactive=False)
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as source:
        try:
            with transaction.atomic():
                _copy(source)
        except (DatabaseError, psycopg.Error) as error:
            raise BackupFailed(f"A row of this backup does not fit into PostgreSQL: {error}") from error


def _copy(source: sqlite3.Connection) -> None:
    tables = _tables(source)
    if strange := sorted(tables - set(connection.introspection.table_names())):
        raise BackupFailed(f"This backup has a table that this docshare does not know: {strange[0]}.")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'UTC'")  # SQLite stores times in UTC without saying so
        for table in sorted(tables):  # the backup contains rows that migrations inserted, too
            cursor.execute(f'DELETE FROM "{table}"')  # noqa: S608 (our tables)
    for table in sorted(tables):
        _fill(source, table)
    _continue_sequences(source, tables)


def _tables(source: sqlite3.Connection) -> set[str]:
    rows = source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name for (name,) in rows if not name.startswith("sqlite_")}


def _fill(source: sqlite3.Connection, table: str) -> None:
    rows = source.execute(f'SELECT * FROM "{table}"')  # noqa: S608 (a name of the database's own)
    columns = [column[0] for column in rows.description]
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(into) as copy:
        for row in _batches(rows):
            copy.write_row(row)


def _batches(rows: sqlite3.Cursor) -> Iterator[tuple[object, ...]]:
    while batch := rows.fetchmany(BATCH):
        yield from batch


def _continue_sequences(source: sqlite3.Connection, tables: set[str]) -> None:
    """Continue each sequence after the highest number ever assigned, even to a deleted row."""
    assigned = dict(source.execute("SELECT name, seq FROM sqlite_sequence"))
    with connection.cursor() as cursor:
        for table in sorted(tables):
            for column in connection.introspection.get_sequences(cursor, table):
                name = column["column"]
                cursor.execute(f'SELECT coalesce(max("{name}"), 0) FROM "{table}"')  # noqa: S608 (our tables)
                newest = max(cursor.fetchone()[0], assigned.get(table, 0))
                if newest:
                    cursor.execute("SELECT setval(%s, %s)", [column["name"], newest])
