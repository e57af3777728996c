"""Records providers' reports about sent messages: delivered or returned. Reports may be late, doubled or out of
order.

A failure is final: staff must act on it, and a "delivered" that arrives after it changes nothing. Every report proves
that the message was sent, even if our own mark is missing (a worker killed after sending), so it is not sent again.
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
    """The message that a report is about: by our id, which was sent with it, or by the provider's."""
    sent = Message.objects.filter(channel=channel)
    try:
        by_ours = sent.filter(pk=uuid.UUID(str(ours))).first() if ours else None
    except ValueError:
        by_ours = None
    return by_ours or (sent.filter(provider_id=theirs).order_by("-created_at").first() if theirs else None)


def note_delivered(message: Message) -> bool:
    """Record that the message arrived. False if that is known already, or if it was returned."""
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
    """Record that the message was returned, or that the recipient complained. `detail`: codes only, never an address.
    False if that is known already, or if the message was called off, so that nobody must act."""
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
