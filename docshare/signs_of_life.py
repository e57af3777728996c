"""Each worker leaves a sign of life that its health check reads without a start of Django, celery and the queue.

Celery's main loop beats every two seconds, once it is connected to the queue and as long as it is not stuck: what a
ping through the queue would show, too. The sign is a file's time: `DATA_DIR/queue/<node>.alive`.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.conf import settings

FORGOTTEN = 24 * 3600  # seconds; of a container that was killed and has got another name since


def sign(node: str) -> Path:
    """`node`: celery's name of a worker, `celery@host`."""
    return Path(settings.DATA_DIR) / "queue" / f"{node}.alive"


def give(sender: Any, **_more: Any) -> None:
    """As celery's heart sends a beat."""
    path = sign(sender.eventer.hostname)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)


def take_back(sender: Any, **_more: Any) -> None:
    """As a worker ends; signs of those that could not are removed by whoever ends later."""
    sign(sender.hostname).unlink(missing_ok=True)
    for path in (Path(settings.DATA_DIR) / "queue").glob("*.alive"):
        if path.stat().st_mtime < time.time() - FORGOTTEN:
            path.unlink(missing_ok=True)
