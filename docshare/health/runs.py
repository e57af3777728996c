"""When backups and fsck last ran, and when the installation was created."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min

from jobs import heartbeat

LONGEST_BETWEEN = timedelta(hours=36)  # runs every night; half a day more before the alarm
FSCK, FSCK_WHOLE = "fsck", "fsck_whole"  # heartbeats: it finished; it found no fault


class Unreadable(Exception):
    """The note of the last backup does not have the format of `manage.py backup`."""


@dataclass(frozen=True)
class Backup:
    """The last finished backup. `size`: bytes."""

    finished_at: datetime
    size: int
    is_encrypted: bool


def note_of_last_backup() -> Path:
    """Where `manage.py backup` writes it; deploy/healthy.py and backup_schedule.py read it without Django."""
    return Path(settings.DATA_DIR) / "backups" / "last-success.json"


def last_backup() -> Backup | None:
    """None if there never was one. Raises Unreadable."""
    path = note_of_last_backup()
    try:
        note = json.loads(path.read_text())
        finished_at = datetime.fromisoformat(note["finished_at"])
        if finished_at.tzinfo is None:
            raise Unreadable(path)
        return Backup(finished_at=finished_at, size=int(note["bytes"]), is_encrypted=bool(note["encrypted"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreadable(path) from error


def note_fsck(*, faults: int) -> None:
    """Record that fsck finished over all data."""
    heartbeat.mark(FSCK)
    if not faults:
        heartbeat.mark(FSCK_WHOLE)


def installed_at() -> datetime:
    """When the first migration was applied."""
    first: datetime = MigrationRecorder.Migration.objects.aggregate(first=Min("applied"))["first"]
    return first
