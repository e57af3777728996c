"""An empty SQLite database with all migrations applied, made once for these migrations; each test process copies it.

Applying them takes 14 s of processor, more than most runs of one test. Copies are in the user's cache folder, named
by a digest of what the migrations consist of; those that nobody used for a week are deleted.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from tests.docshare.installations import manage
from tests.prepared_process import ROOT

UNUSED = 7 * 86400  # seconds
IMPORTED = re.compile(r"^(?:from|import) ([a-z_.]+)", re.MULTILINE)


def copy_migrated(target: Path) -> None:
    """Write the database to `target`, which the caller's installation then uses as its own."""
    shutil.copyfile(_made(), target)


def _made() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "docshare-tests"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = folder / f"{_digest()}.sqlite3"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # processes that start together wait for one
        if not made.exists():
            _make(made)
            _delete_unused(folder)
        made.touch()
    return made


def _digest() -> str:
    """Of the migrations, of the modules of ours that they import, and of the installed packages."""
    migrations = sorted(ROOT.glob("*/migrations/*.py"))
    named = {module for path in migrations for module in IMPORTED.findall(path.read_text())}
    modules = {ROOT / f"{module.replace('.', '/')}.py" for module in named}
    sources = [*migrations, *sorted(path for path in modules if path.exists()), ROOT / "requirements.lock"]
    digest = hashlib.sha256()
    for path in sources:
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:32]


def _make(made: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="docshare-migrated-") as data_dir:
        done = manage(Path(data_dir), "migrate", "--verbosity=0")
        assert done.returncode == 0, done.stderr
        database = Path(data_dir) / "docshare.sqlite3"
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        unfinished = made.with_suffix(".unfinished")
        shutil.copyfile(database, unfinished)
        unfinished.replace(made)


def _delete_unused(folder: Path) -> None:
    for path in folder.glob("*.sqlite3"):
        if time.time() - path.stat().st_mtime > UNUSED:
            path.unlink()
