"""Saves an installation to a folder, beside the working site."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from audit import chain
from docshare.backup.database import FileRow, dump
from docshare.backup.envelope import BackupFailed, Envelope
from files import storage
from files.models import StoredFile
from sealing.key_checks import SECRETS, fits, keys_of, new_check
from sealing.models import KeyCheck

FORMAT, ENCRYPTED_FORMAT = 1, 2  # so that versions without encryption refuse an encrypted backup
SNAPSHOTS = 5  # a file deleted between the snapshot and its copy requires another snapshot


@dataclass
class Saved:
    """`size`: bytes of the documents; `written`: bytes of everything in the folder."""

    files: int = 0
    size: int = 0
    written: int = 0
    faults: list[str] = field(default_factory=list)


def save(folder: Path, *, with_keys: bool = False, envelope: Envelope | None = None) -> Saved:
    """Save database and files into `folder`, which is new or empty; the keys only on request. Raises BackupFailed.

    `faults` reports files that are changed or missing in the storage; everything else is saved.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BackupFailed(f"{folder} is not empty. A backup goes into a folder of its own.")
    envelope = envelope or Envelope()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)  # it contains health documents
    (folder / "files").mkdir(mode=0o700)
    first = [FileRow(*row) for row in StoredFile.objects.values_list("key", "size", "sha256")]
    _copy_files(first, folder, envelope)
    rows, digest, faults = _snapshot(folder, envelope)
    _remove_unlisted(folder, {envelope.path(folder / "files", row.key) for row in rows})
    listed = "".join(json.dumps(row._asdict()) + "\n" for row in rows)
    digests = {"database": digest, "files.jsonl": _write(folder, "files.jsonl", listed, envelope)}
    if with_keys:
        (folder / "secrets").mkdir(mode=0o700)
        for name in SECRETS:
            key, *former = keys_of(name)
            _write(folder / "secrets", name.lower(), key, envelope)
            if former:
                listed = "".join(f"{each}\n" for each in former)
                _write(folder / "secrets", f"{name.lower()}_fallbacks", listed, envelope)
    saved = Saved(len(rows), sum(row.size for row in rows), faults=faults)
    # Written last: a folder without it is unfinished. Not encrypted: it contains only counts and digests.
    manifest = json.dumps(_manifest(saved, digests, with_keys=with_keys, encrypted=envelope.encrypts), indent=2)
    _write(folder, "manifest.json", f"{manifest}\n", Envelope())
    saved.written = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return saved


def _snapshot(folder: Path, envelope: Envelope) -> tuple[list[FileRow], str, list[str]]:
    """A snapshot of the database, its SHA-256, and every file that it names. A file deleted meanwhile is not in the
    next snapshot."""
    digest = ""

    def keep(source: IO[bytes]) -> None:
        nonlocal digest
        digest = envelope.write(source, envelope.path(folder, "database"))

    for _ in range(SNAPSHOTS):
        rows = dump(keep)
        faults = _copy_files(rows, folder, envelope)
        if all(StoredFile.objects.filter(key=key).exists() for key in faults):
            break
    return rows, digest, [f"file {key}: {fault}" for key, fault in faults.items()]


def _copy_files(rows: list[FileRow], folder: Path, envelope: Envelope) -> dict[str, str]:
    """Copy the files that are missing; returns key and fault of each that failed."""
    faults = {}
    for row in rows:
        target = envelope.path(folder / "files", row.key)
        if not target.exists() and (fault := _copy(row, target, envelope, below=folder)):
            faults[row.key] = fault
    return faults


def _copy(row: FileRow, target: Path, envelope: Envelope, *, below: Path) -> str | None:
    storage.make_folders(target, below=below)
    partial = target.with_suffix(".part")
    try:
        with storage.open_(StoredFile(key=row.key, sha256=row.sha256)) as source:
            digest = envelope.write(source, partial)
    except FileNotFoundError:
        partial.unlink(missing_ok=True)
        return "missing from storage"
    except storage.BytesChanged as error:
        return str(error)
    if digest != row.sha256:
        partial.unlink()
        return "sha256 differs: the bytes were changed"
    partial.rename(target)
    return None


def _remove_unlisted(folder: Path, listed: set[Path]) -> None:
    """Remove documents that were taken back during the backup."""
    for path in (folder / "files").rglob("*"):
        if path.is_file() and path not in listed:
            path.unlink()


def _manifest(saved: Saved, digests: dict[str, str], *, with_keys: bool, encrypted: bool) -> dict[str, Any]:
    """The manifest. Digests are those of the plain contents, before encryption."""
    anchor = chain.newest_anchor()
    return {
        "format": ENCRYPTED_FORMAT if encrypted else FORMAT,
        "encrypted": encrypted,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "database": {"kind": connection.vendor, "sha256": digests["database"]},
        "migrations": sorted(MigrationRecorder(connection).applied_migrations()),
        "files": {"count": saved.files, "bytes": saved.size, "sha256": digests["files.jsonl"]},
        "faults": saved.faults,
        "keys": with_keys,
        "key_check_values": key_check_values(),
        "audit_anchor": f"{anchor.position}:{anchor.digest}",
    }


def key_check_values() -> list[dict[str, str]]:
    """Check values by which a restored installation finds out if it has every key that the database needs.
    sealing/key_checks.py explains why they do not help to guess a key."""
    noted = list(KeyCheck.objects.all())
    for secret in SECRETS:
        key = keys_of(secret)[:1]
        if not any(check.secret == secret and fits(check, key) for check in noted):
            noted.append(new_check(secret, key[0]))
    return [{"secret": check.secret, "salt": check.salt, "value": check.value} for check in noted]


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(folder: Path, name: str, text: str, envelope: Envelope) -> str:
    return envelope.write(io.BytesIO(text.encode()), envelope.path(folder, name))
