"""A trial in the embedded default becomes a production site: its backup is restored into PostgreSQL."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db.migrations.loader import MigrationLoader

from docshare.backup.crossing import refuse_another_schema
from docshare.backup.envelope import BackupFailed
from tests.docshare.installations import SETUP, copy_of, manage, python

SERVER = os.environ.get("DATABASE_URL", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.servers("Restores into PostgreSQL"),
    pytest.mark.xdist_group("backups"),
]
SIGN = """
from accounts.models import User
from appointments.models import Appointment
from django.core.files.uploadedfile import SimpleUploadedFile
from docshare.demo.letters import letter
from files.intake import accept
from documents.models import Category
from documents.sharing.share import share_upload
from signing.pdf.placement import Placement
pdf = letter("Ordonnance", ["Paracétamol 1 g, trois fois par jour."], heading="Cabinet des Lilas")
share_upload(
    appointment=Appointment.objects.filter(holder=None, patient__email__isnull=False).earliest("starts_at"),
    intake=accept(SimpleUploadedFile("ordonnance.pdf", pdf)), category=Category.objects.get(code="prescription"),
    title="", placement=Placement(page=1, x=0.5, y=0.5, width=0.25),
    by=User.objects.get(email="dr.martin@lilas.example"),
)
chain.seal()
"""


@pytest.fixture(scope="module")
def trial(demo_installation: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The demo practice with a signed document, and its backup."""
    old, folder = copy_of(demo_installation, tmp_path_factory), tmp_path_factory.mktemp("backup") / "today"
    for done in (python(old, "-c", SETUP + SIGN), manage(old, "backup", str(folder), "--with-keys")):
        assert done.returncode == 0, done.stderr
    return old, folder


@pytest.fixture
def database() -> Iterator[str]:
    name = f"restored_{uuid.uuid4().hex[:12]}"
    with closing(psycopg.connect(urlsplit(SERVER)._replace(path="/postgres").geturl(), autocommit=True)) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        yield urlsplit(SERVER)._replace(path=f"/{name}").geturl()
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def damaged(trial: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of the backup with a name that is too long for PostgreSQL: SQLite has no limit."""
    folder = tmp_path / "damaged"
    shutil.copytree(trial[1], folder)
    with closing(sqlite3.connect(folder / "database")) as copy:
        copy.execute("UPDATE patients_patient SET first_name = ?", ["x" * 101])
        copy.commit()
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["database"]["sha256"] = hashlib.sha256((folder / "database").read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_a_trial_becomes_a_production_site(
    trial: tuple[Path, Path], damaged: Path, database: str, tmp_path: Path
) -> None:
    old, folder = trial
    new = tmp_path / "new"
    refused = manage(new, "restore", str(damaged), DATABASE_URL=database)
    assert refused.returncode == 1
    assert "does not fit into PostgreSQL: value too long" in refused.stderr
    assert not [path for path in (new / "files").rglob("*") if path.is_file()]

    restored = manage(new, "restore", str(folder), DATABASE_URL=database)  # nothing of the first restore remains
    assert restored.returncode == 0, restored.stderr
    anchor = json.loads((folder / "manifest.json").read_text())["audit_anchor"]
    checked = manage(new, "fsck", "--anchor", anchor, DATABASE_URL=database)
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stdout + checked.stderr

    with closing(sqlite3.connect(old / "docshare.sqlite3")) as before, closing(psycopg.connect(database)) as after:
        same_rows(before, after)
        for key, sha256 in same(before, after, SIGNED):
            assert hashlib.sha256((new / "files" / key).read_bytes()).hexdigest() == sha256
        (given,) = before.execute("SELECT seq FROM sqlite_sequence WHERE name = 'audit_auditevent'").fetchone()
        following = after.execute("SELECT nextval(pg_get_serial_sequence('audit_auditevent', 'id'))").fetchone()
        assert following == (given + 1,)


SIGNED = """
SELECT key, sha256 FROM documents_storedfile JOIN documents_shareddocument d ON d.file_id = documents_storedfile.id
WHERE d.signed_at IS NOT NULL
"""


# Tables with an installation's own state: check values of its keys, and the time of its last fsck.
OWN = {"notifications_keycheck", "notifications_heartbeat"}


def same_rows(before: sqlite3.Connection, after: psycopg.Connection[Any]) -> None:
    for (table,) in before.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if not table.startswith("sqlite_") and table not in OWN:
            assert same(before, after, f'SELECT count(*) FROM "{table}"'), table
    moments = after.execute("SELECT id, at AT TIME ZONE 'UTC' FROM audit_auditevent ORDER BY id").fetchall()
    written = before.execute("SELECT id, at FROM audit_auditevent ORDER BY id").fetchall()
    assert moments == [(pk, datetime.fromisoformat(at)) for pk, at in written]


def same(before: sqlite3.Connection, after: psycopg.Connection[Any], query: str) -> list[tuple[Any, ...]]:
    found = after.execute(query).fetchall()
    assert found == before.execute(query).fetchall() != []
    return found


def test_an_older_trial_is_upgraded_first() -> None:
    today = [list(key) for key in MigrationLoader(None).disk_migrations]
    refuse_another_schema(today)
    today.remove(["portals", "0001_initial"])
    with pytest.raises(
        BackupFailed, match=r"older docshare \(portals\.0001_initial is missing\)\. Start the trial once"
    ):
        refuse_another_schema(today)
