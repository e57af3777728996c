"""Deletes expired rows of the doors."""

from __future__ import annotations

from celery import shared_task

from portals.models import IdempotentCall


@shared_task
def forget_old_answers() -> None:
    """Delete answers older than a day. A second run changes nothing."""
    IdempotentCall.objects.stale().delete()
