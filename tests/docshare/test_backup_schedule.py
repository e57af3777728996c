"""When the container `backup` creates its next backup."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.backup_schedule import next_run

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.ground


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "failed", "expected"),
    [
        ("2026-03-01T02:31:00", None, "2026-03-02T02:30:00"),
        ("2026-03-01T01:00:00", None, "2026-03-01T02:30:00"),  # a manual one in the evening: tonight's as well
        ("2026-03-01T02:30:00", None, "2026-03-02T02:30:00"),
        ("2026-02-20T02:31:00", None, "2026-02-21T02:30:00"),  # overdue: at once
        ("2026-03-01T02:31:00", "2026-03-02T02:30:20", "2026-03-02T03:30:20"),
    ],
)
def test_a_backup_is_made_each_day_and_a_failed_one_again_after_an_hour(
    last: str, failed: str | None, expected: str
) -> None:
    assert next_run("02:30", at(last), at(failed) if failed else None) == at(expected)


def test_the_first_one_is_made_at_once() -> None:
    assert next_run("02:30", None, None) < datetime.now(UTC) - timedelta(days=365)


@pytest.mark.parametrize(("name", "value"), [("BACKUP_AT", "25:00"), ("BACKUP_AT", "night"), ("BACKUP_KEEP", "all")])
def test_a_wrong_setting_is_said_in_a_sentence(tmp_path: Path, name: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "deploy/backup_schedule.py", str(tmp_path)],
        cwd=ROOT, env={**os.environ, "DATA_DIR": str(tmp_path), name: value}, capture_output=True, text=True,
        timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(f"{name} is ")


def test_it_stops_when_it_is_asked_to(tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    noted = {"finished_at": datetime.now(UTC).isoformat(), "bytes": 1, "encrypted": True}
    (tmp_path / "backups" / "last-success.json").write_text(json.dumps(noted))
    away = f"{(datetime.now(UTC) - timedelta(hours=1)):%H:%M}"
    process = subprocess.Popen(
        [sys.executable, "deploy/backup_schedule.py", str(tmp_path / "all")],
        cwd=ROOT, env={**os.environ, "DATA_DIR": str(tmp_path), "BACKUP_AT": away},
    )  # fmt: skip
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert not (tmp_path / "all").exists()
