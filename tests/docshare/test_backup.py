"""`backup` and `restore` on the embedded default: real processes, two installations."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("DATA_DIR", "SECRET_KEY", "SIGNING_PASSPHRASE", "DATABASE_URL", "REDIS_URL", "STORAGE_URL", "DOCSHARE_ENV")
MAKE = """
import django; django.setup()
from django.core.management import call_command
from django.db import connections
call_command("migrate", verbosity=0)
call_command("demo", stdout=open("/dev/null", "w"))
from notifications.outbox import plan_email
plan_email(to="marie@courriel.example", subject="Un document", body="Le lien", language="fr")
from audit import chain
chain.seal()
"""


def python(data_dir: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    settings = {"DJANGO_SETTINGS_MODULE": "docshare.settings", "DATA_DIR": str(data_dir)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT, env={**kept, **settings, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def manage(data_dir: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return python(data_dir, "manage.py", *arguments, **environment)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An installation with the demo practice and one queued message, and its backup."""
    old, folder = tmp_path_factory.mktemp("old"), tmp_path_factory.mktemp("backup") / "today"
    made = python(old, "-c", MAKE)
    assert made.returncode == 0, made.stderr
    done = manage(old, "backup", str(folder))
    assert done.returncode == 0, done.stderr
    return old, folder


def content_of(database: Path) -> list[str]:
    with sqlite3.connect(database) as connection:
        return list(connection.iterdump())


@pytest.mark.slow
def test_an_empty_machine_becomes_the_same_installation(saved: tuple[Path, Path], tmp_path: Path) -> None:
    old, folder = saved
    new = tmp_path / "new"
    restored = manage(new, "restore", str(folder))
    assert restored.returncode == 0, restored.stderr
    assert "1 messages are queued" in restored.stderr

    assert content_of(new / "docshare.sqlite3") == content_of(old / "docshare.sqlite3")
    for name in ("secret_key", "signing_passphrase"):
        assert (new / "secrets" / name).read_text() == (old / "secrets" / name).read_text()
    anchor = json.loads((folder / "manifest.json").read_text())["audit_anchor"]
    checked = manage(new, "fsck", "--anchor", anchor)
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stderr
    assert len(list((new / "files").rglob("*/*"))) == len(list((folder / "files").rglob("*/*"))) > 0

    again = manage(new, "restore", str(folder))
    assert again.returncode == 1
    assert "in use" in again.stderr


@pytest.mark.slow
def test_a_damaged_backup_changes_nothing(saved: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(saved[1], folder)
    file = next(path for path in (folder / "files").rglob("*") if path.is_file())
    file.write_bytes(file.read_bytes()[:-1])
    new = tmp_path / "new"
    refused = manage(new, "restore", str(folder))
    assert refused.returncode == 1
    assert "was changed or damaged" in refused.stderr
    assert not (new / "files").exists()


@pytest.mark.slow
def test_keys_from_the_environment_must_be_the_backups(saved: tuple[Path, Path], tmp_path: Path) -> None:
    refused = manage(tmp_path / "new", "restore", str(saved[1]), SECRET_KEY="another-one" * 5)
    assert refused.returncode == 1
    assert "SECRET_KEY is another one" in refused.stderr


@pytest.mark.slow
def test_nobody_else_on_the_machine_reads_a_backup(saved: tuple[Path, Path]) -> None:
    folder = saved[1]
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "secrets" / "secret_key").stat().st_mode & 0o077 == 0
    assert "not empty" in manage(saved[0], "backup", str(folder)).stderr
