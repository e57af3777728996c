"""What these migrations make, made once: an empty SQLite database, which each test process copies, and texts.

Making the database takes 14 s of processor, more than most runs of one test. Copies are in the user's cache folder,
named by a digest of what the migrations consist of; those that nobody used for a week are deleted.
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
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.docshare.installations import manage
from tests.prepared_process import ROOT

UNUSED = 7 * 86400  # seconds
IMPORTED = re.compile(r"^(?:from|import) ([a-z_.]+)", re.MULTILINE)


def copy_migrated(target: Path) -> None:
    """Write the database to `target`, which the caller's installation then uses as its own."""
    shutil.copyfile(_made(), target)


def text_of_migrations(name: str, make: Callable[[], str]) -> str:
    """A text that these migrations determine. `name`: what it is, and of which database."""
    path = _folder() / f"{_digest()}.{hashlib.sha256(name.encode()).hexdigest()[:16]}.text"
    with _alone(path.suffix):
        if not path.exists():
            unfinished = path.with_suffix(".unfinished")
            unfinished.write_text(make())
            unfinished.replace(path)
        path.touch()
        return path.read_text()


def _made() -> Path:
    made = _folder() / f"{_digest()}.sqlite3"
    with _alone(""):
        if not made.exists():
            _make(made)
            _delete_unused(made.parent)
        made.touch()
    return made


def _folder() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "docshare-tests"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def _alone(what: str) -> Iterator[None]:
    """Processes that start together wait for one."""
    with (_folder() / f"lock{what}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest() -> str:
    """Of the migrations, of the modules of ours that they import, and of the installed packages."""
    migrations = sorted(ROOT.glob("*/migrations/*.py"))
    named = {module for path in migrations for module in IMPORTED.findall(path.read_text())}
    modules = {ROOT / f"{module.replace('.', '/')}.py" for module in named} | {*ROOT.glob("schema/*.py")}
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
    for path in [*folder.glob("*.sqlite3"), *folder.glob("*.text")]:
        if time.time() - path.stat().st_mtime > UNUSED:
            path.unlink()
