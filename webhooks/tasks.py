"""Telling webhooks, and forgetting what has ended. The rows say what is to be done."""

from __future__ import annotations

import time
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from jobs.exclusive import is_leaving
from webhooks.delivery import deliver_due
from webhooks.endpoints import plan_tellings
from webhooks.models import WebhookDelivery, WebhookState

LONGEST_RUN_SECONDS = 120
KEPT = timedelta(days=30)  # for the practice to see how its tellings ended


@shared_task(expires=30)
def tell_webhooks() -> None:
    """Plan what is new, send what is due. Harmless when repeated: a line is read once, a row claimed by one."""
    started = time.monotonic()
    while plan_tellings():
        continue
    while deliver_due() and not is_leaving() and time.monotonic() - started < LONGEST_RUN_SECONDS:
        continue


@shared_task
def forget_old_tellings() -> None:
    """Remove what ended a month ago. Harmless when repeated: the second finds none."""
    ended = WebhookDelivery.objects.exclude(state=WebhookState.QUEUED)
    ended.filter(created_at__lt=timezone.now() - KEPT).delete()
