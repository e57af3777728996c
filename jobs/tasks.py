"""The heartbeat task of the workers."""

from __future__ import annotations

from celery import shared_task

from jobs.heartbeat import WORKER, mark


@shared_task(name="jobs.tasks.heartbeat", expires=30)
def heartbeat() -> None:
    """Record that a worker runs. Harmless when repeated: the latest time stays."""
    mark(WORKER)
