"""Real processes and two installations: a practice moves from one to the other, whatever kills it on the way."""

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path

import pytest

from personal_data.moving.layout import ABOUT, SUMS
from tests.docshare.installations import manage, python
from tests.migrated import copy_migrated
from tests.personal_data.moving.content import as_moved, entries_of, rows_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
FURNISH = """
import django; django.setup()
from tests.personal_data.house import furnish
house = furnish("lilas", mobile="+33612345678", signs=True)
furnish("rivage", mobile="+33698765432")
from hashlib import sha256
from files import storage
from files.models import StoredFile
from tests.pdf_samples import locked
older = house.share(house.coming, "Ancien").file  # accepted under rules that this release does not have any more
storage.remove(older.key)
content = locked(user="x")
storage.documents_storage().save(older.key, storage.File(__import__("io").BytesIO(content)))
StoredFile.objects.filter(pk=older.pk).update(sha256=sha256(content).hexdigest(), size=len(content))
from audit import chain
chain.seal()
print(house.practice.pk)
"""
KILLED = """
import os, signal, sys
import django; django.setup()
from django.core.management import call_command
from files import storage
from personal_data.moving import into
def dies_at(module, name, number):
    wrapped, calls = getattr(module, name), []
    def dying(*arguments, **more):
        calls.append(name)
        if len(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return wrapped(*arguments, **more)
    setattr(module, name, dying)
{when}
call_command("import_practice", sys.argv[1])
"""
MOMENTS = {
    "verified, nothing written": 'dies_at(into, "_store", 1)',
    "between two documents": 'dies_at(storage, "keep_path", 2)',
    "between two rows": 'dies_at(into, "_save", 30)',
    "before the commit": 'dies_at(into, "_invite", 2)',
}


@pytest.fixture(scope="module")
def installations(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path, str]:
    """Two of them, the archive that the first wrote, and the id of the practice."""
    old, new = tmp_path_factory.mktemp("old"), tmp_path_factory.mktemp("new")
    copy_migrated(old / "docshare.sqlite3")
    copy_migrated(new / "docshare.sqlite3")
    made = python(old, "-c", FURNISH)
    assert made.returncode == 0, made.stderr
    practice = made.stdout.strip().splitlines()[-1]
    return old, new, exported(old, practice, tmp_path_factory.mktemp("archives")), practice


def exported(installation: Path, practice: str, folder: Path) -> Path:
    done = manage(installation, "export_practice", practice, "--to", str(folder))
    assert done.returncode == 0, done.stderr
    return next(folder.iterdir())


def count(installation: Path, *tables: str) -> list[int]:
    with sqlite3.connect(installation / "docshare.sqlite3") as connection:
        return [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]


def test_a_practice_moves(installations: tuple[Path, Path, Path, str], tmp_path: Path) -> None:
    _old, new, archive, practice = installations
    tables = ("accounts_practice", "accounts_user", "audit_auditevent", "documents_storedfile", "patients_patient")
    tried = manage(new, "import_practice", str(archive), "--dry-run")
    assert tried.returncode == 0, tried.stderr
    before = count(new, *tables)
    for moment, when in MOMENTS.items():
        killed = python(new, "-c", KILLED.format(when=when), str(archive))
        assert killed.returncode == -9, (moment, killed.stderr)
        assert count(new, *tables) == before, moment
    done = manage(new, "import_practice", str(archive))
    assert done.returncode == 0, done.stderr
    assert "2 members are invited" in done.stdout
    for output in (tried.stdout, done.stdout):
        assert output.count("refused as an upload today (password): kept as it is, to download only") == 1
    after = count(new, *tables)
    again = manage(new, "import_practice", str(archive))
    assert again.returncode == 0, again.stderr
    assert "nothing to do" in again.stderr
    assert count(new, *tables) == after
    checked = manage(new, "fsck")
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stdout
    once, twice = entries_of(archive), entries_of(exported(new, practice, tmp_path))
    changed = {ABOUT, SUMS, *(name for name in once if name.startswith("rows/") or name.endswith(".csv"))}
    assert {name: text for name, text in once.items() if name not in changed} == {
        name: text for name, text in twice.items() if name not in changed
    }
    key = uuid.UUID(practice)
    first, second = as_moved(rows_of(once), key, again=False), as_moved(rows_of(twice), key, again=True)
    assert first.keys() == second.keys()
    for label in first:
        assert first[label] == second[label], label
    for name in ("patients.csv", "appointments.csv", "library.csv"):
        assert once[name] == twice[name], name
