"""Sending what sends itself, and keeping the store clean."""

from __future__ import annotations

from celery import shared_task

from documents import autosend
from documents.files import storage


@shared_task
def sweep_orphans() -> None:
    """Remove bytes that no row names, a day old or more. Harmless when repeated: the second finds none."""
    storage.sweep_orphans()


@shared_task
def sweep_stale_uploads() -> None:
    """Remove what broken-off uploads left. Harmless when repeated: the second finds none."""
    storage.sweep_stale_uploads()


@shared_task
def send_auto_sends() -> None:
    """Send what is due. Harmless when repeated: what was sent is no longer planned."""
    autosend.send_due()
