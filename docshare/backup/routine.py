"""Regular backups below one folder, each named by its start time; old ones are removed.

<into>/2026-11-28T023000Z/                 a backup (docshare.backup); unfinished ones are removed by the next run
DATA_DIR/backups/last-success.json      {"finished_at": ISO 8601 UTC, "bytes": of the backup, "encrypted": bool}
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from docshare.backup.envelope import BackupFailed
from docshare.backup.saving import Saved
from docshare.health.runs import note_of_last_backup

NAME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{6}Z")


@contextmanager
def next_folder(into: Path) -> Iterator[Path]:
    """A new folder below `into`, for one backup at a time. Raises BackupFailed."""
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (into / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupFailed(f"Another backup into {into} is being made.") from None
        for unfinished in (path for path in _ours(into) if not _is_finished(path)):
            shutil.rmtree(unfinished)
        yield into / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}"


def prune(into: Path, keep: int) -> list[Path]:
    """Remove all finished backups except the `keep` newest; returns the removed ones. Leaves other files and folders
    alone."""
    old = [path for path in _ours(into) if _is_finished(path)][:-keep]
    for path in old:
        # first, so that an interrupted removal does not leave an apparently complete backup
        (path / "manifest.json").unlink()
        shutil.rmtree(path)
    return old


def note_success(saved: Saved, *, encrypted: bool) -> None:
    """Write the note for monitoring, atomically."""
    path = note_of_last_backup()
    path.parent.mkdir(mode=0o700, exist_ok=True)
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.touch(mode=0o600)
    partial.write_text(json.dumps({"finished_at": finished, "bytes": saved.written, "encrypted": encrypted}) + "\n")
    partial.replace(path)


def _ours(into: Path) -> list[Path]:
    """Backups in this folder, oldest first."""
    return sorted(path for path in into.iterdir() if path.is_dir() and NAME.fullmatch(path.name))


def _is_finished(folder: Path) -> bool:
    return (folder / "manifest.json").exists()
