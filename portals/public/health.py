"""Whether the process is up (`/healthz`), and whether what it needs answers (`/readyz`). Nothing is told of why not:
anybody may ask; the log has the reason.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from celery import current_app
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from documents.files import storage
from notifications import heartbeat

logger = logging.getLogger(__name__)
STARTED = time.monotonic()
GRACE_SECONDS = 60  # after a start: the worker may be starting, too


@login_not_required
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    answers = {name: _answers(name, ask) for name, ask in NEEDED.items()}
    ready = all(answers.values())
    return JsonResponse(
        {"ready": ready, "not_answering": [name for name, answer in answers.items() if not answer]},
        status=200 if ready else 503,
    )


def _answers(name: str, ask: Callable[[], object]) -> bool:
    try:
        ask()
    except Exception:  # each client has its own kinds of failure; all of them are the answer "no"
        logger.warning("Not ready: %s does not answer.", name, exc_info=True)
        return False
    return True


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _queue() -> None:
    cache.get("readyz")
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=0, timeout=2)


def _worker() -> None:
    """A worker that died, hangs or listens to another queue: everything answers, and nothing is sent."""
    if time.monotonic() - STARTED <= GRACE_SECONDS:
        return
    try:
        silent = heartbeat.is_silent()
    except DatabaseError:
        return  # the beats are in the database, which is named already
    if silent:
        raise WorkerSilent


class WorkerSilent(Exception):
    """No worker has taken a task for a minute."""


NEEDED: dict[str, Callable[[], object]] = {
    "database": _database,
    "queue": _queue,
    "storage": storage.answers,
    "worker": _worker,
}
