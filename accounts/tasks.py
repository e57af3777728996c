"""Telling webhooks, sealing second factors, and forgetting what has ended. The rows say what is to be done."""

from __future__ import annotations

import time
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from accounts import counting, factor_secrets
from accounts.models import WebhookDelivery
from accounts.models.webhook import WebhookState
from accounts.webhook_delivery import deliver_due
from accounts.webhooks import plan_tellings
from notifications.turns import is_leaving

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


@shared_task
def seal_second_factors() -> None:
    """For secrets of a version that sealed none. Harmless when repeated: what is sealed is left alone."""
    factor_secrets.seal_plain_factors()


@shared_task
def forget_ended_counts() -> None:
    """Remove counts whose window has ended. Harmless when repeated: the second finds none."""
    counting.forget_ended_counts()
