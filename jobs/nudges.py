"""Asks a worker to run a task soon. A nudge may be lost: if the queue is unreachable, the periodic sweep finds the
rows."""

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
LATEST_NUDGE_SECONDS = 60  # later rows are left to the sweep, because a waiting nudge occupies a worker's memory


# Of each task, the last window for which a nudge is known to be in the queue, from this process or another.
NUDGED: dict[tuple[str, ...], int] = {}


def nudge(task: str, *args: str, due_at: datetime | None = None) -> None:
    """Have `task` run when something will be due (now if `due_at` is None).

    It runs at the end of the row's time window, so it sees every row that was committed within it. A process asks the
    shared cache once in a window; threads that ask at the same moment do no harm.
    """
    now = timezone.now().timestamp()
    window = math.ceil(max(due_at.timestamp() if due_at else now, now) * NUDGES_PER_SECOND)
    countdown = window / NUDGES_PER_SECOND - now
    if countdown > LATEST_NUDGE_SECONDS or NUDGED.get((task, *args)) == window:
        return
    try:
        if cache.add(f"nudge:{task}:{':'.join(args)}:{window}", 1, timeout=LATEST_NUDGE_SECONDS * 2):
            current_app.send_task(task, args=args, countdown=countdown)
        NUDGED[task, *args] = window
    except (RedisError, OperationalError, OSError) as error:
        # The cache or the broker is unreachable. The rows are safe in the database, so the request must not fail.
        logger.warning("The queue did not take a nudge (%s); the sweep will send what is due.", type(error).__name__)
