"""Periodic tasks that remove orphans and stale uploads."""

from __future__ import annotations

from celery import shared_task

from files import storage


@shared_task
def sweep_orphans() -> None:
    """Remove bytes that no row names and that are at least a day old. Harmless when repeated."""
    storage.sweep_orphans()


@shared_task
def sweep_stale_uploads() -> None:
    """Remove what interrupted uploads left. Harmless when repeated."""
    storage.sweep_stale_uploads()
