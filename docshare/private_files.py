"""Restricts DATA_DIR, the database and the secrets to the user that docshare runs as.

Independent of the umask, and also for files that an earlier version left open: checked whenever a process starts
(docshare/embedded.py). Imports no Django.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

FOLDER, FILE = 0o700, 0o600
DATABASE_ENDINGS = ("", "-wal", "-shm", "-journal")  # files that SQLite writes beside the database


def make_private(data_dir: Path) -> None:
    """Create DATA_DIR if necessary, and restrict it and its secrets."""
    data_dir.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    _tighten(data_dir, FOLDER)
    secrets = data_dir / "secrets"
    _tighten(secrets, FOLDER)
    with suppress(FileNotFoundError, PermissionError):  # it belongs to another user, which docshare.checks reports
        for path in secrets.iterdir():
            _tighten(path, FILE)


def make_database_private(path: Path) -> None:
    """Restrict a SQLite database. Creates an empty one if necessary, because SQLite gives its other files the same
    mode."""
    path.parent.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE))
    for ending in DATABASE_ENDINGS:
        _tighten(Path(f"{path}{ending}"), FILE)


def open_to_others(data_dir: Path, database: Path | None) -> Iterator[str]:
    """Paths that other users may still read or write: they belong to another user, or the file system has no
    modes."""
    secrets = data_dir / "secrets"
    paths = [data_dir, secrets, *(secrets.iterdir() if secrets.is_dir() else ())]
    paths += [Path(f"{database}{ending}") for ending in DATABASE_ENDINGS] if database else []
    for path in paths:
        with suppress(FileNotFoundError):
            if path.stat().st_mode & 0o077:
                yield str(path)


def _tighten(path: Path, mode: int) -> None:
    """Remove rights, never add one. Leaves links alone, because others may need their targets."""
    with suppress(FileNotFoundError, PermissionError):
        current = path.lstat().st_mode
        if not stat.S_ISLNK(current) and current & ~mode & 0o777:
            path.chmod(current & mode & 0o777)
