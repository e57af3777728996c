"""An installation into a folder, beside the working site."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from audit import chain
from docshare.backup.database import BackupFailed, FileRow, dump
from documents.files import storage
from documents.models import StoredFile

FORMAT = 1
KEYS = ("SECRET_KEY", "SIGNING_PASSPHRASE")
SNAPSHOTS = 5  # a file that goes between the snapshot and its copy asks for another snapshot
CHUNK = 1 << 20


@dataclass
class Saved:
    files: int = 0
    size: int = 0
    faults: list[str] = field(default_factory=list)


def save(folder: Path, *, with_keys: bool = True) -> Saved:
    """Everything into `folder`, which is new or empty. Raises BackupFailed.

    Files that the storage holds changed, or no longer, are told in `faults`; everything else is saved.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BackupFailed(f"{folder} is not empty. A backup goes into a folder of its own.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)  # it holds health documents and keys
    _copy_files([FileRow(*row) for row in StoredFile.objects.values_list("key", "size", "sha256")], folder)
    rows, faults = _snapshot(folder)
    _remove_others(folder, {row.key for row in rows})
    (folder / "files.jsonl").write_text("".join(json.dumps(row._asdict()) + "\n" for row in rows))
    if with_keys:
        (folder / "secrets").mkdir(mode=0o700)
        for name in KEYS:
            _write_private(folder / "secrets" / name.lower(), str(getattr(settings, name)))
    saved = Saved(len(rows), sum(row.size for row in rows), faults)
    # Last: a folder without it was never finished.
    (folder / "manifest.json").write_text(json.dumps(_manifest(folder, saved, with_keys=with_keys), indent=2) + "\n")
    return saved


def _snapshot(folder: Path) -> tuple[list[FileRow], list[str]]:
    """A snapshot of the database and every file it names: those that go meanwhile are in the next one no more."""
    for _ in range(SNAPSHOTS):
        rows = dump(folder / "database")
        faults = _copy_files(rows, folder)
        if all(StoredFile.objects.filter(key=key).exists() for key in faults):
            break
    (folder / "database").chmod(0o600)
    return rows, [f"file {key}: {fault}" for key, fault in faults.items()]


def _copy_files(rows: list[FileRow], folder: Path) -> dict[str, str]:
    """Copy those that are not there yet; key and fault of each that could not be."""
    faults = {}
    for row in rows:
        target = folder / "files" / row.key
        if not target.exists() and (fault := _copy(row, target)):
            faults[row.key] = fault
    return faults


def _copy(row: FileRow, target: Path) -> str | None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft, digest = target.with_suffix(".part"), hashlib.sha256()
    try:
        with storage.open_(StoredFile(key=row.key, sha256=row.sha256)) as source, draft.open("wb") as copy:
            draft.chmod(0o600)
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                copy.write(chunk)
    except FileNotFoundError:
        draft.unlink(missing_ok=True)
        return "missing from storage"
    except storage.BytesChanged as error:
        return str(error)
    if digest.hexdigest() != row.sha256:
        draft.unlink()
        return "sha256 differs: the bytes were changed"
    draft.rename(target)
    return None


def _remove_others(folder: Path, keys: set[str]) -> None:
    """What was taken back while the backup was made is not kept by it."""
    for path in (folder / "files").rglob("*"):
        if path.is_file() and path.relative_to(folder / "files").as_posix() not in keys:
            path.unlink()


def _manifest(folder: Path, saved: Saved, *, with_keys: bool) -> dict[str, Any]:
    anchor = chain.newest_anchor()
    return {
        "format": FORMAT,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "database": {"kind": connection.vendor, "sha256": sha256_of(folder / "database")},
        "migrations": sorted(MigrationRecorder(connection).applied_migrations()),
        "files": {"count": saved.files, "bytes": saved.size, "sha256": sha256_of(folder / "files.jsonl")},
        "faults": saved.faults,
        "keys": with_keys,
        "audit_anchor": f"{anchor.position}:{anchor.digest}",
    }


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
