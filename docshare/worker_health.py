"""Each worker updates a file that its health check reads without starting Django, celery or a connection.

Celery's main loop sends a heartbeat every two seconds while it is connected to the queue and not stuck, so the file
shows as much as a ping through the queue. The sign is the file's time: `DATA_DIR/queue/<node>.alive`.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.conf import settings

FORGOTTEN = 24 * 3600  # seconds; for files of killed containers, which have got another name since


def sign(node: str) -> Path:
    """`node`: celery's name of a worker, `celery@host`."""
    return Path(settings.DATA_DIR) / "queue" / f"{node}.alive"


def give(sender: Any, **_more: Any) -> None:
    """Update the file; called at each heartbeat of celery."""
    path = sign(sender.eventer.hostname)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)


def take_back(sender: Any, **_more: Any) -> None:
    """Remove the file when the worker ends, and old files of workers that were killed."""
    sign(sender.hostname).unlink(missing_ok=True)
    for path in (Path(settings.DATA_DIR) / "queue").glob("*.alive"):
        if path.stat().st_mtime < time.time() - FORGOTTEN:
            path.unlink(missing_ok=True)
