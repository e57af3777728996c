"""Checks what this process needs to answer requests.

Other processes do not matter here: a load balancer that asks /readyz must not remove every web process because a
worker is silent (parts.py judges the whole).
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

from celery import current_app
from django.core.cache import cache
from django.db import DatabaseError, connection

from docshare.health import disk
from docshare.wrong_keys import refuse_wrong_keys
from files import storage

logger = logging.getLogger(__name__)


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _queue() -> None:
    cache.get("readyz")
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=0, timeout=2)


def _keys() -> None:
    with contextlib.suppress(DatabaseError):  # the database is reported already
        refuse_wrong_keys()


NEEDED: dict[str, Callable[[], object]] = {
    "database": _database,
    "queue": _queue,
    "storage": storage.answers,
    "disk": disk.check_room,
    "keys": _keys,
}


def not_answering() -> list[str]:
    """Names of NEEDED that do not answer now; the log has the reasons."""
    return [name for name, ask in NEEDED.items() if not answers(name, ask)]


def answers(name: str, ask: Callable[[], object]) -> bool:
    try:
        ask()
    except Exception:  # each client raises its own exceptions; all of them mean "no"
        logger.warning("%s does not answer.", name, exc_info=True)
        return False
    return True
