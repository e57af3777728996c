"""Periodic tasks: deliver events to webhooks, and remove old deliveries. The rows are the queue."""

from __future__ import annotations

import time
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from jobs.exclusive import is_leaving
from webhooks.delivery import deliver_due
from webhooks.endpoints import plan_deliveries
from webhooks.models import WebhookDelivery, WebhookState

LONGEST_RUN_SECONDS = 120
KEPT = timedelta(days=30)  # so that the practice can see the results of deliveries


@shared_task(expires=30)
def tell_webhooks() -> None:
    """Plan new deliveries and send due ones. Harmless when repeated: a line is read once, and one worker claims a
    row."""
    started = time.monotonic()
    while plan_deliveries():
        continue
    while deliver_due() and not is_leaving() and time.monotonic() - started < LONGEST_RUN_SECONDS:
        continue


@shared_task
def forget_old_tellings() -> None:
    """Remove deliveries that ended a month ago. Harmless when repeated."""
    ended = WebhookDelivery.objects.exclude(state=WebhookState.QUEUED)
    ended.filter(created_at__lt=timezone.now() - KEPT).delete()
