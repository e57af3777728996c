"""Dumps and loads the database with its own tool: SQLite's backup API, pg_dump and pg_restore.

A snapshot with rows, triggers and sequences, taken beside a working site.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple

from django.conf import settings
from django.db import connection, connections, transaction
from django.db.backends.postgresql.client import DatabaseClient

from docshare.backup.envelope import BackupFailed
from files.models import StoredFile

DRAFT = "backup-"  # in DATA_DIR: a copy of the database, in the clear
ABANDONED_SECONDS = 24 * 3600  # of a backup that was killed
Keep = Callable[[IO[bytes]], Any]  # reads to the end


class FileRow(NamedTuple):
    key: str
    size: int
    sha256: str


def dump(write: Keep) -> list[FileRow]:
    """Pass the dump to `write`; returns the files that this very snapshot names."""
    return _dump_postgresql(write) if connection.vendor == "postgresql" else _dump_sqlite(write)


def load(path: Path) -> None:
    """Replace the whole database by the dump at `path`."""
    if connection.vendor == "postgresql":
        tool, environment = _tool("pg_restore")
        options = (
            "--clean",
            "--if-exists",
            "--no-owner",
            "--no-privileges",
            "--single-transaction",
            "--exit-on-error",
        )
        connections.close_all()
        _run([*tool, *options, str(path)], environment)
        return
    connection.ensure_connection()
    with _read_only(path) as source:
        source.backup(connection.connection)
    connection.close()


def _dump_sqlite(write: Keep) -> list[FileRow]:
    """Dump a temporary copy beside the database, unencrypted like it, which lasts as long as the backup."""
    connection.ensure_connection()
    for abandoned in Path(settings.DATA_DIR).glob(f"{DRAFT}*"):
        if time.time() - abandoned.stat().st_mtime > ABANDONED_SECONDS:
            shutil.rmtree(abandoned)
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR, prefix=DRAFT) as folder:
        path = Path(folder) / "database"
        target = sqlite3.connect(path)
        try:
            connection.connection.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # one file without a separate log
        finally:
            target.close()
        with _read_only(path) as copy:
            rows = copy.execute("SELECT key, size, sha256 FROM documents_storedfile ORDER BY key").fetchall()
        with path.open("rb") as source:
            write(source)
    return [FileRow(*row) for row in rows]


def _dump_postgresql(write: Keep) -> list[FileRow]:
    tool, environment = _tool("pg_dump")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        _pipe([*tool, "--format=custom", f"--snapshot={snapshot}"], environment, write)
        return [FileRow(*row) for row in StoredFile.objects.order_by("key").values_list("key", "size", "sha256")]


def _tool(name: str) -> tuple[list[str], dict[str, str]]:
    """The command with the connection's parameters, and its environment, which alone has the password. Raises
    BackupFailed."""
    path = shutil.which(name)
    if path is None:
        raise BackupFailed(f"{name} is not on this machine. Install PostgreSQL's client programs.")
    arguments, environment = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    database = arguments.pop()  # psql takes the database as last argument; pg_dump and pg_restore as an option
    return [path, *arguments[1:], f"--dbname={database}"], {**os.environ, **(environment or {})}


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)  # noqa: S603 (ours)
    if done.returncode:
        raise BackupFailed(f"{Path(command[0]).name} failed: {done.stderr.strip()[-500:]}")


def _pipe(command: list[str], environment: dict[str, str], write: Keep) -> None:
    with (
        tempfile.TemporaryFile() as errors,  # not a pipe, which would fill up unread
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors) as dumping,  # noqa: S603 (ours)
    ):
        assert dumping.stdout is not None
        write(dumping.stdout)
        if dumping.wait():
            errors.seek(0)
            output = errors.read().decode(errors="replace").strip()[-500:]
            raise BackupFailed(f"{Path(command[0]).name} failed: {output}")


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
