"""What a provider tells of a message after it took it: delivered, or come back. Late, doubled, out of order.

A failure is the last word: whoever looks at it has something to do, and a "delivered" that was overtaken on its way
changes nothing. Every report proves that the message was handed over, even where our own mark is still to come
(a worker killed after sending): it is not sent again.
"""

from __future__ import annotations

import logging
import uuid

from django.db.models.functions import Coalesce
from django.utils import timezone

from notifications.causes import Cause
from notifications.models import FORGOTTEN, Channel, Message, MessageState

logger = logging.getLogger(__name__)


def find(*, channel: Channel, ours: object = None, theirs: str = "") -> Message | None:
    """The message that a report is about: by our id that went along with it, or by the provider's."""
    sent = Message.objects.filter(channel=channel)
    try:
        by_ours = sent.filter(pk=uuid.UUID(str(ours))).first() if ours else None
    except ValueError:
        by_ours = None
    return by_ours or (sent.filter(provider_id=theirs).order_by("-created_at").first() if theirs else None)


def note_delivered(message: Message) -> bool:
    """It is in the mailbox, or in the telephone. False where that is known, or it had come back."""
    now = timezone.now()
    undelivered = [MessageState.QUEUED, MessageState.SENT, MessageState.CALLED_OFF]
    waiting = Message.objects.filter(pk=message.pk, state__in=undelivered)
    changed = waiting.update(
        **FORGOTTEN,
        state=MessageState.DELIVERED,
        sent_at=Coalesce("sent_at", now),
        delivered_at=now,
        cause="",
        last_error="",
    )
    return bool(changed)


def note_failed(message: Message, *, cause: Cause, detail: str = "") -> bool:
    """It came back, or the recipient complained of it. `detail`: codes alone, never an address. False where known, or
    where it had been called off: nobody has to do anything about it."""
    changed = (
        Message.objects.filter(pk=message.pk)
        .exclude(state__in=[MessageState.FAILED, MessageState.CALLED_OFF])
        .update(
            **FORGOTTEN,
            state=MessageState.FAILED,
            sent_at=Coalesce("sent_at", timezone.now()),
            cause=cause,
            last_error=detail[:200],
        )
    )
    if changed:
        logger.warning("Message %s came back: %s %s", message.pk, cause.value, detail)
    return bool(changed)
