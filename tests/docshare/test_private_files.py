"""Files of the embedded default are readable by its own user only (docs/security-cases.md, 59)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.conf import settings

from docshare import checks
from docshare.private_files import open_to_others
from tests.prepared_process import run_alone

OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SIGNING_PASSPHRASE", "DATA_DIR")
OPENS = """
import os, sys
os.umask(int(sys.argv[1]))
import manage
opened = "from django.db import connection as c; c.cursor().execute('CREATE TABLE IF NOT EXISTS x (y)')"
sys.argv = ["manage.py", "shell", "-v", "0", "-c", opened]
manage.main()
"""


def start(data_dir: Path, *, umask: int) -> None:
    """Run a command that opens the database."""
    inherited = {name: value for name, value in os.environ.items() if name not in OURS}
    environment = {**inherited, "DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "docshare.settings"}
    done = run_alone("-c", OPENS, str(umask), environment=environment)
    assert done.returncode == 0, done.stderr


def modes(data_dir: Path) -> dict[str, int]:
    paths = [data_dir, *data_dir.rglob("*")]
    return {str(path.relative_to(data_dir.parent)): path.stat().st_mode & 0o777 for path in paths}


@pytest.mark.slow
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_data_database_and_secrets_are_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    start(tmp_path / "data", umask=umask)
    found = modes(tmp_path / "data")
    assert found["data"] == 0o700
    assert found["data/docshare.sqlite3"] == 0o600
    assert found["data/secrets"] == 0o700
    assert {found[f"data/secrets/{name}"] for name in ("secret_key", "signing_passphrase")} == {0o600}


@pytest.mark.slow
def test_what_a_former_version_left_open_is_shut_at_the_next_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    start(data, umask=0o022)
    for path in (data, data / "secrets"):
        path.chmod(0o755)
    for name in ("docshare.sqlite3", "secrets/secret_key"):
        (data / name).chmod(0o644)
    for ending in ("-wal", "-shm"):
        Path(f"{data}/docshare.sqlite3{ending}").touch()
        Path(f"{data}/docshare.sqlite3{ending}").chmod(0o644)
    assert list(open_to_others(data, data / "docshare.sqlite3"))
    start(data, umask=0o022)
    assert list(open_to_others(data, data / "docshare.sqlite3")) == []
    assert modes(data)["data"] == 0o700


@pytest.mark.slow
def test_a_database_elsewhere_is_private_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.docshare.test_private_files.OURS", OURS[1:])
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/elsewhere/site.sqlite3")
    start(tmp_path / "data", umask=0o000)
    assert (tmp_path / "elsewhere" / "site.sqlite3").stat().st_mode & 0o777 == 0o600


def test_what_stays_open_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    (tmp_path / "data").chmod(0o755)
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path / "data")
    monkeypatch.setattr(settings, "SQLITE_PATH", None)
    (warning,) = checks.private_files()
    assert str(tmp_path / "data") in warning.msg
    (tmp_path / "data").chmod(0o700)
    assert checks.private_files() == []
