"""A database for each test on the server of DATABASE_URL; processes of this version or of the previous release."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.prepared_process import run_alone

ROOT = Path(__file__).resolve().parents[2]
SERVER = os.environ.get("DATABASE_URL", "")
OUTSIDE = ("PORT", "DATA_DIR", "DJANGO_SETTINGS_MODULE", "STORAGE_URL", "SECRET_KEY", "SIGNING_PASSPHRASE")

on_postgresql = [
    pytest.mark.servers("The embedded default is stopped to be upgraded"),
]


@pytest.fixture
def database() -> Iterator[str]:
    """The address of an empty database."""
    yield from _made()


@pytest.fixture
def other_database() -> Iterator[str]:
    """The address of a second one."""
    yield from _made()


def _made() -> Iterator[str]:
    name = f"upgrade_{uuid.uuid4().hex[:12]}"
    maintenance = urlsplit(SERVER)._replace(path="/postgres").geturl()
    with closing(psycopg.connect(maintenance, autocommit=True)) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        yield urlsplit(SERVER)._replace(path=f"/{name}").geturl()
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def environment(data_dir: Path, database: str = "", **more: str) -> dict[str, str]:
    """The environment of a process; without `database`, it uses the embedded one."""
    inherited = {
        name: value for name, value in os.environ.items() if name not in OUTSIDE and not name.endswith("_URL")
    }
    found = {"DJANGO_SETTINGS_MODULE": "docshare.settings", "DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1"}
    return {**inherited, **found, **({"DATABASE_URL": database} if database else {}), **more}


def begin(
    environment: dict[str, str], *arguments: str, errors: IO[str] | int = subprocess.PIPE
) -> subprocess.Popen[str]:
    """Start `manage.py` with these arguments."""
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
    )  # fmt: skip


def manage(environment: dict[str, str], *arguments: str) -> str:
    """Run it and return its standard output. It must succeed."""
    done = run_alone("manage.py", *arguments, environment=environment)
    assert done.returncode == 0, f"{arguments}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout
