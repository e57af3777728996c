"""Production refuses settings that only suit the embedded default (docs/security-cases.md, 22)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.prepared_process import run_alone
from tools.lint import PRODUCTION

pytestmark = pytest.mark.slow


def start(tmp_path: Path, script: str = "import docshare.wsgi", **changes: str) -> subprocess.CompletedProcess[str]:
    outside = (
        *PRODUCTION,
        "SECRET_KEY_FALLBACKS",
        "SIGNING_PASSPHRASE_FALLBACKS",
        "DJANGO_SETTINGS_MODULE",
        "DEBUG",
        "DOCUMENT_SERVING",
        "STORAGE_URL",
    )
    inherited = {name: value for name, value in os.environ.items() if name not in outside}
    environment = {**inherited, **PRODUCTION, "DATA_DIR": str(tmp_path), **changes}
    return run_alone("-c", script, environment=environment)


def test_it_starts_with_everything_set(tmp_path: Path) -> None:
    """Also with former keys: one a line, and a passphrase may contain a comma."""
    former = {"SECRET_KEY_FALLBACKS": f"{'x' * 40}\n{'y' * 40}\n", "SIGNING_PASSPHRASE_FALLBACKS": "one, two " * 4}
    done = start(tmp_path, **former)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"DEBUG": "true"}, "Unset DEBUG"),
        ({"SECRET_KEY": ""}, "Set SECRET_KEY"),
        ({"SECRET_KEY": "secret"}, "SECRET_KEY is too short"),
        ({"SECRET_KEY_FALLBACKS": f"{'x' * 40},short"}, "A key in SECRET_KEY_FALLBACKS is too short"),
        ({"SIGNING_PASSPHRASE": ""}, "Set SIGNING_PASSPHRASE"),
        ({"SIGNING_PASSPHRASE_FALLBACKS": "short"}, "A key in SIGNING_PASSPHRASE_FALLBACKS is too short"),
        ({"PUBLIC_URL": "http://documents.example"}, "Set PUBLIC_URL"),
        ({"ALLOWED_HOSTS": "*"}, "Set ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "other.example"}, "Add it to ALLOWED_HOSTS"),
        ({"DATABASE_URL": "sqlite:////tmp/x.sqlite3"}, "Set DATABASE_URL"),
        ({"REDIS_URL": ""}, "Set REDIS_URL"),
        ({"EMAIL_URL": ""}, "Set EMAIL_URL"),
        ({"SMS_URL": ""}, "Set SMS_URL"),
        ({"DOCUMENT_SERVING": "acel"}, "Set DOCUMENT_SERVING to accel or direct"),
        ({"DOCUMENT_SERVING": "presigned"}, "Set DOCUMENT_SERVING to accel or direct"),
        (
            {"DOCUMENT_SERVING": "accel", "STORAGE_URL": "s3://documents"},
            "Set DOCUMENT_SERVING to direct or presigned",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_it_refuses_with_a_sentence(tmp_path: Path, changes: dict[str, str], sentence: str) -> None:
    done = start(tmp_path, **changes)
    assert done.returncode != 0
    assert "ImproperlyConfigured" in done.stderr
    assert sentence in done.stderr


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    done = start(tmp_path, REDIS_URL="", SMS_URL="", DEBUG="true")
    assert all(sentence in done.stderr for sentence in ("Unset DEBUG", "Set REDIS_URL", "Set SMS_URL"))


def test_a_secret_may_be_a_file_and_its_last_line_break_is_not_part_of_it(tmp_path: Path) -> None:
    file = tmp_path / "sms_url"
    file.write_text("https://sms.example/send\n")
    asked = "from docshare import settings; print(repr(settings.SMS_URL))"
    done = start(tmp_path, asked, SMS_URL="", SMS_URL_FILE=str(file))
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "'https://sms.example/send'"
