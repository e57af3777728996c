"""Installations of their own in the embedded default, which real processes make, back up and restore."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.prepared_process import run_alone

OURS = ("DATA_DIR", "SECRET_KEY", "SIGNING_PASSPHRASE", "DATABASE_URL", "REDIS_URL", "STORAGE_URL", "DOCSHARE_ENV")
SETUP = """
import django; django.setup()
from audit import chain
"""
MAKE = """
from django.core.management import call_command
call_command("demo", stdout=open("/dev/null", "w"))
from notifications.outbox import plan_email
plan_email(to="marie@courriel.example", subject="Un document", body="Le lien", language="fr")
chain.seal()
"""


def python(data_dir: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in OURS}
    settings = {"DJANGO_SETTINGS_MODULE": "docshare.settings", "DATA_DIR": str(data_dir)}
    return run_alone(*arguments, environment={**inherited, **settings, **environment})


def manage(data_dir: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return python(data_dir, "manage.py", *arguments, **environment)


def copy_of(installation: Path, folders: pytest.TempPathFactory) -> Path:
    """A copy for the tests of a module, which may change it."""
    folder = folders.mktemp("old")
    shutil.copytree(installation, folder, ignore=shutil.ignore_patterns("*.sock"), dirs_exist_ok=True)
    return folder
