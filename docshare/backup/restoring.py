"""A folder of a backup into an empty installation. Everything is verified before anything is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from docshare.backup.database import BackupFailed, FileRow, load
from docshare.backup.saving import FORMAT, KEYS, sha256_of
from documents.files import storage
from documents.models import StoredFile
from notifications.causes import Cause
from notifications.models import Message, MessageState

IN_USE = ("accounts_user", "audit_auditevent", "documents_storedfile")


def restore(folder: Path, *, stop_messages: bool = False) -> int:
    """Database, files and keys of the backup in `folder`. How many messages are queued and will go out.

    `stop_messages`: give those up, visibly. Raises BackupFailed; then nothing was changed.
    """
    manifest = _read_manifest(folder)
    rows = _verified_files(folder, manifest)
    _refuse_if_in_use()
    _refuse_unknown_migrations(manifest)
    _restore_keys(folder, manifest)
    try:
        for row in rows:
            with (folder / "files" / row.key).open("rb") as file:
                storage.put(StoredFile(key=row.key, size=row.size, sha256=row.sha256), File(file))
        load(folder / "database")
    except Exception:
        for row in rows:  # so that a second try finds an empty installation
            storage.remove(row.key)
        raise
    queued = Message.objects.filter(state=MessageState.QUEUED)
    if stop_messages:
        queued.update(
            state=MessageState.FAILED,
            cause=Cause.RESTORED,
            body="",
            calendar="",
            lease_until=None,
        )
    return queued.count()


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
    except FileNotFoundError as error:
        raise BackupFailed(f"{folder} holds no finished backup: it has no manifest.json.") from error
    if manifest["format"] != FORMAT:
        raise BackupFailed(f"This backup is of format {manifest['format']}; this docshare reads format {FORMAT}.")
    if manifest["database"]["kind"] != connection.vendor:
        raise BackupFailed(
            f"This backup is of {manifest['database']['kind']}, and DATABASE_URL names {connection.vendor}."
        )
    for name, known in (("database", manifest["database"]), ("files.jsonl", manifest["files"])):
        if sha256_of(folder / name) != known["sha256"]:
            raise BackupFailed(f"{name} of this backup was changed or damaged.")
    return dict(manifest)


def _verified_files(folder: Path, manifest: dict[str, Any]) -> list[FileRow]:
    """Every file of the backup, whole; but for those that could not be saved and were told then."""
    rows = []
    for line in (folder / "files.jsonl").read_text().splitlines():
        row = FileRow(**json.loads(line))
        path = folder / "files" / row.key
        if not path.exists():
            if any(fault.startswith(f"file {row.key}:") for fault in manifest["faults"]):
                continue
            raise BackupFailed(f"file {row.key} is missing from this backup.")
        if sha256_of(path) != row.sha256:
            raise BackupFailed(f"file {row.key} of this backup was changed or damaged.")
        rows.append(row)
    return rows


def _refuse_if_in_use() -> None:
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for table in tables.intersection(IN_USE):
            cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608 (our own constants)
            if cursor.fetchone():
                raise BackupFailed("This installation is in use: its database is not empty. Restore into a new one.")
    if next(storage.keys(), None):
        raise BackupFailed("This installation is in use: its storage is not empty. Restore into a new one.")


def _refuse_unknown_migrations(manifest: dict[str, Any]) -> None:
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    strange = [".".join(name) for name in manifest["migrations"] if tuple(name) not in known and _ours(name[0])]
    if strange:
        raise BackupFailed(f"This backup is of a newer docshare ({strange[0]}). Install that one first.")


def _ours(app: str) -> bool:
    return app in {"documents", "appointments", "patients", "accounts", "notifications", "audit", "portals"}


def _restore_keys(folder: Path, manifest: dict[str, Any]) -> None:
    """Into DATA_DIR, where this installation keeps them itself; else they must be the same already."""
    for name, kept in _kept_keys(folder, manifest):
        if getattr(settings, name) == kept:
            continue
        own = settings.DATA_DIR / "secrets" / name.lower()
        if not own.exists() or own.read_text() != getattr(settings, name):
            raise BackupFailed(
                f"{name} is another one than this backup's. Set it to what {folder / 'secrets' / name.lower()} holds."
            )
        own.write_text(kept)


def _kept_keys(folder: Path, manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in KEYS if manifest["keys"] else ():
        yield name, (folder / "secrets" / name.lower()).read_text()
