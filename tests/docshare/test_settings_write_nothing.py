"""Reading settings writes nothing: a tool that inspects the code does not create an installation."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.prepared_process import run_alone

pytestmark = [pytest.mark.slow, pytest.mark.ground]
OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SIGNING_PASSPHRASE", "DJANGO_SETTINGS_MODULE")


def python(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in OURS}
    environment = {**inherited, "DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "docshare.settings"}
    return run_alone(*arguments, environment=environment)


def test_reading_settings_makes_no_file_and_no_folder(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    done = python(data_dir, "-c", "import django; django.setup()")
    assert done.returncode == 0, done.stderr
    assert not data_dir.exists()


def test_the_first_command_makes_the_secrets_that_every_later_process_reads(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    shown = "from django.conf import settings; print(settings.SECRET_KEY, settings.SIGNING_PASSPHRASE)"
    first, second = (python(data_dir, "manage.py", "shell", "-v", "0", "-c", shown) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout == python(data_dir, "-c", shown).stdout
    assert {path.name for path in (data_dir / "secrets").iterdir()} == {"secret_key", "signing_passphrase"}
    assert {path.stat().st_mode & 0o077 for path in data_dir.rglob("*")} == {0}


def test_what_opens_the_database_first_keeps_the_secrets_that_it_has(tmp_path: Path) -> None:
    """Otherwise nobody could decrypt what it encrypts."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    opened = "import django; django.setup(); from django.db import connection; connection.ensure_connection()"
    shown = "from django.conf import settings; print(settings.SECRET_KEY, settings.SIGNING_PASSPHRASE)"
    first = python(data_dir, "-c", f"{opened}; {shown}")
    assert first.returncode == 0, first.stderr
    assert first.stdout == python(data_dir, "-c", shown).stdout


def test_a_process_whose_secrets_came_too_late_starts_again(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    late = "from docshare import embedded, settings; embedded.prepare(); embedded.keep_secrets()"
    done = python(data_dir, "-c", late)
    assert done.returncode == 1
    assert "Start again" in done.stderr
    assert python(data_dir, "-c", late).returncode == 0
