"""Planning a message: a row in the transaction of what it announces, and a nudge once that is committed."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from notifications.models import Channel, Message

logger = logging.getLogger(__name__)
NUDGE_WINDOW_SECONDS = 0.2  # one task per window, however many messages are planned (platform: coalesce)


def plan_email(
    *,
    to: str,
    subject: str,
    body: str,
    language: str,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> Message:
    """Queue an email. `subject` and `body` carry no health data: no title, reason or category of a document."""
    return _plan(
        Message(channel=Channel.EMAIL, to=to, subject=subject, body=body, language=language),
        due_at,
        expires_at,
    )


def plan_sms(
    *, to: str, text: str, language: str, due_at: datetime | None = None, expires_at: datetime | None = None
) -> Message:
    """Queue an SMS to a number in E.164."""
    return _plan(Message(channel=Channel.SMS, to=to, body=text, language=language), due_at, expires_at)


def _plan(message: Message, due_at: datetime | None, expires_at: datetime | None) -> Message:
    message.due_at = due_at or timezone.now()
    message.expires_at = expires_at
    message.full_clean()
    message.save()
    delay = max(message.due_at - timezone.now(), timedelta())
    transaction.on_commit(lambda: nudge(delay))
    return message


def nudge(delay: timedelta = timedelta()) -> None:
    """Tell a worker that something is due. Only a nudge: where the queue is away, the sweep finds the row."""
    from notifications.tasks import dispatch

    try:
        if cache.add(f"outbox-nudge:{delay.total_seconds():.0f}", 1, timeout=NUDGE_WINDOW_SECONDS):
            dispatch.apply_async(countdown=delay.total_seconds() + NUDGE_WINDOW_SECONDS)
    except Exception:
        # Broker or cache away (their clients raise many kinds). The message is safe in the database, and the
        # doctor who waits for an answer has done nothing wrong.
        logger.warning("The queue did not take a nudge; the sweep will send what is due.", exc_info=True)
