"""Telling a worker that something is due. Only a nudge: where the queue is away, the sweep finds the rows."""

from __future__ import annotations

import logging
import math
from datetime import datetime

from celery import current_app
from django.core.cache import cache
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
NUDGES_PER_SECOND = 4  # one task per window, however many rows are planned in it
LATEST_NUDGE_SECONDS = 60  # later ones are the sweep's: a nudge that waits sits in a worker's memory


def nudge(task: str, *args: str, due_at: datetime | None = None) -> None:
    """Have `task` run when something will be due (now, where `due_at` does not say).

    It runs at the end of the window the row falls in, so it sees all that was committed in it.
    """
    now = timezone.now().timestamp()
    window = math.ceil(max(due_at.timestamp() if due_at else now, now) * NUDGES_PER_SECOND)
    countdown = window / NUDGES_PER_SECOND - now
    if countdown > LATEST_NUDGE_SECONDS:
        return
    try:
        if cache.add(f"nudge:{task}:{':'.join(args)}:{window}", 1, timeout=LATEST_NUDGE_SECONDS * 2):
            current_app.send_task(task, args=args, countdown=countdown)
    except (RedisError, OperationalError, OSError) as error:
        # Cache or broker away. The rows are safe in the database, and whoever waits for an answer has done
        # nothing wrong.
        logger.warning("The queue did not take a nudge (%s); the sweep will send what is due.", type(error).__name__)
