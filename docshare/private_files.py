"""DATA_DIR, the database and the secrets are for the user that docshare runs as, and nobody else of the machine.

Whatever the umask, and also where a former version left them open: looked at whenever a process starts
(docshare/embedded.py). Imports no Django.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

FOLDER, FILE = 0o700, 0o600
DATABASE_ENDINGS = ("", "-wal", "-shm", "-journal")  # what SQLite writes beside


def make_private(data_dir: Path) -> None:
    """DATA_DIR, made if it is new, and the secrets in it."""
    data_dir.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    _tighten(data_dir, FOLDER)
    secrets = data_dir / "secrets"
    _tighten(secrets, FOLDER)
    with suppress(FileNotFoundError, PermissionError):  # another user's: docshare.checks says so
        for path in secrets.iterdir():
            _tighten(path, FILE)


def make_database_private(path: Path) -> None:
    """A SQLite database, which is made empty if it is new: SQLite gives its own files the mode of this one."""
    path.parent.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE))
    for ending in DATABASE_ENDINGS:
        _tighten(Path(f"{path}{ending}"), FILE)


def open_to_others(data_dir: Path, database: Path | None) -> Iterator[str]:
    """Paths that others may read or write all the same: they are another user's, or on a system without modes."""
    secrets = data_dir / "secrets"
    found = [data_dir, secrets, *(secrets.iterdir() if secrets.is_dir() else ())]
    found += [Path(f"{database}{ending}") for ending in DATABASE_ENDINGS] if database else []
    for path in found:
        with suppress(FileNotFoundError):
            if path.stat().st_mode & 0o077:
                yield str(path)


def _tighten(path: Path, mode: int) -> None:
    """Take rights away, never give one. A link is left alone: what it leads to may be there for others."""
    with suppress(FileNotFoundError, PermissionError):
        found = path.lstat().st_mode
        if not stat.S_ISLNK(found) and found & ~mode & 0o777:
            path.chmod(found & mode & 0o777)
