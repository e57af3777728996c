"""Restores a backup into an empty installation. Everything is verified before anything is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.files import File
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils.crypto import salted_hmac

from docshare.backup.crossing import load_sqlite, refuse_another_schema
from docshare.backup.database import FileRow, load
from docshare.backup.envelope import BackupFailed, Envelope
from docshare.backup.saving import ENCRYPTED_FORMAT, FORMAT, sha256_of
from files import storage, sweeping
from files.models import StoredFile
from notifications.causes import Cause
from notifications.models import Message, MessageState
from sealing.key_checks import SECRETS, fits, keys_of
from sealing.models import KeyCheck

IN_USE = ("accounts_user", "audit_auditevent", "documents_storedfile")


class Restored(NamedTuple):
    """The number of queued messages that will be sent, and the keys that differ from the backup's and are not
    in it."""

    queued: int
    missing_keys: list[str]


def restore(folder: Path, *, stop_messages: bool = False, envelope: Envelope | None = None) -> Restored:
    """Restore database, files and keys from the backup in `folder`.

    `stop_messages`: give those up, visibly. `envelope`: opens an encrypted one. Raises BackupFailed; then nothing was
    changed.
    """
    envelope = envelope or Envelope()
    manifest = _read_manifest(folder, envelope)
    rows = _verified_files(folder, manifest, envelope)
    _refuse_if_in_use()
    _refuse_unknown_migrations(manifest)
    _restore_keys(folder, manifest, envelope)
    try:
        for row in rows:
            with envelope.opened(folder / "files", row.key) as path, path.open("rb") as file:
                storage.put(StoredFile(key=row.key, size=row.size, sha256=row.sha256), File(file))
        with envelope.opened(folder, "database") as path:
            (load_sqlite if _crosses(manifest) else load)(path)
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
    return Restored(queued.count(), _missing_keys(manifest))


def _read_manifest(folder: Path, envelope: Envelope) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
    except FileNotFoundError as error:
        raise BackupFailed(f"{folder} holds no finished backup: it has no manifest.json.") from error
    if manifest["format"] not in (FORMAT, ENCRYPTED_FORMAT):
        raise BackupFailed(
            f"This backup is of format {manifest['format']}; this docshare reads up to {ENCRYPTED_FORMAT}."
        )
    encrypted = manifest["format"] == ENCRYPTED_FORMAT
    if encrypted and not envelope.encrypts:
        raise BackupFailed("This backup is encrypted. Name the file with its private key: --identity key.txt.")
    if envelope.encrypts and not encrypted:
        raise BackupFailed("This backup is not encrypted. Restore it without --identity.")
    if manifest["database"]["kind"] != connection.vendor:
        if not _crosses(manifest):
            raise BackupFailed(
                f"This backup is of {manifest['database']['kind']}, and DATABASE_URL names {connection.vendor}."
            )
        refuse_another_schema(manifest["migrations"])
    for name, known in (("database", manifest["database"]), ("files.jsonl", manifest["files"])):
        with envelope.opened(folder, name) as path:
            if sha256_of(path) != known["sha256"]:
                raise BackupFailed(f"{name} of this backup was changed or damaged.")
    return dict(manifest)


def _crosses(manifest: dict[str, Any]) -> bool:
    """Whether the backup crosses from the embedded default to PostgreSQL; the other direction is impossible."""
    return (manifest["database"]["kind"], connection.vendor) == ("sqlite", "postgresql")


def _verified_files(folder: Path, manifest: dict[str, Any], envelope: Envelope) -> list[FileRow]:
    """Every file of the backup, verified, except those that could not be saved and were reported then."""
    rows = []
    with envelope.opened(folder, "files.jsonl") as path:
        lines = path.read_text().splitlines()
    for line in lines:
        row = FileRow(**json.loads(line))
        if not envelope.path(folder / "files", row.key).exists():
            if any(fault.startswith(f"file {row.key}:") for fault in manifest["faults"]):
                continue
            raise BackupFailed(f"file {row.key} is missing from this backup.")
        with envelope.opened(folder / "files", row.key) as path:
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
    if next(sweeping.keys(), None):
        raise BackupFailed("This installation is in use: its storage is not empty. Restore into a new one.")


def _refuse_unknown_migrations(manifest: dict[str, Any]) -> None:
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    strange = [".".join(name) for name in manifest["migrations"] if tuple(name) not in known and _ours(name[0])]
    if strange:
        raise BackupFailed(f"This backup is of a newer docshare ({strange[0]}). Install that one first.")


def _ours(app: str) -> bool:
    return app in settings.ROOMS


def _restore_keys(folder: Path, manifest: dict[str, Any], envelope: Envelope) -> None:
    """Write the keys into DATA_DIR if this installation stores them there; else they must be the same already."""
    for name, key, former in _saved_keys(folder, manifest, envelope):
        if {key, *former.splitlines()} <= set(keys_of(name)):
            continue
        own = settings.DATA_DIR / "secrets" / name.lower()
        if not own.exists() or own.read_text() != getattr(settings, name):
            raise BackupFailed(
                f"{name} is another one than this backup's. Set it to what "
                f"{envelope.path(folder / 'secrets', name.lower())} holds"
                + (f", and {name}_FALLBACKS to what lies beside it." if former else ".")
            )
        own.write_text(key)
        if former:
            fallbacks = own.with_name(f"{own.name}_fallbacks")
            fallbacks.touch(mode=0o600)
            fallbacks.write_text(former)


def _missing_keys(manifest: dict[str, Any]) -> list[str]:
    if manifest["keys"]:
        return []
    if "key_check_values" not in manifest:
        former = manifest.get("key_checks", {})  # of backups of former versions; the first ones have none
        return [name for name in SECRETS if former.get(name) != _former_check(name)]
    checks = [(each["secret"], KeyCheck(**each)) for each in manifest["key_check_values"]]
    return [name for name in SECRETS if not all(fits(check, keys_of(name)) for of, check in checks if of == name)]


def _former_check(name: str) -> str:
    return salted_hmac("docshare.backup", name, secret=keys_of(name)[0]).hexdigest()


def _saved_keys(folder: Path, manifest: dict[str, Any], envelope: Envelope) -> Iterator[tuple[str, str, str]]:
    """Tuples: name, key in use, former keys (one a line)."""
    secrets = folder / "secrets"
    for name in SECRETS if manifest["keys"] else ():
        fallbacks = f"{name.lower()}_fallbacks"
        with envelope.opened(secrets, name.lower()) as path:
            key = path.read_text()
        former = ""
        if envelope.path(secrets, fallbacks).exists():
            with envelope.opened(secrets, fallbacks) as path:
                former = path.read_text()
        yield name, key, former
