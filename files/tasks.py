"""Keeping the store clean."""

from __future__ import annotations

from celery import shared_task

from files import storage


@shared_task
def sweep_orphans() -> None:
    """Remove bytes that no row names, a day old or more. Harmless when repeated: the second finds none."""
    storage.sweep_orphans()


@shared_task
def sweep_stale_uploads() -> None:
    """Remove what broken-off uploads left. Harmless when repeated: the second finds none."""
    storage.sweep_stale_uploads()
