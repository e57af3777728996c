"""Periodic tasks that remove orphans, stale uploads, and the oldest kept pages."""

from __future__ import annotations

from celery import shared_task

from files import kept_pages, sweeping


@shared_task
def sweep_orphans() -> None:
    """Remove bytes that no row names and that are at least a day old. Harmless when repeated."""
    sweeping.sweep_orphans()


@shared_task
def sweep_stale_uploads() -> None:
    """Remove what interrupted uploads left. Harmless when repeated."""
    sweeping.sweep_stale_uploads()


@shared_task
def sweep_kept_pages() -> None:
    """Remove the oldest kept pictures and texts of pages. Harmless when repeated."""
    kept_pages.sweep()
