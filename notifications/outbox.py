"""Planning a message: a row in the transaction of what it announces, and a nudge once that is committed."""

from __future__ import annotations

import logging
import math
import uuid
from datetime import datetime

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from notifications.models import Channel, Message

logger = logging.getLogger(__name__)
NUDGES_PER_SECOND = 4  # one task per window and channel, however many messages are planned in it
LATEST_NUDGE_SECONDS = 60  # later ones are the sweep's: a nudge that waits sits in a worker's memory


def plan_email(
    *,
    to: str,
    subject: str,
    body: str,
    language: str,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    calendar: str = "",
    about: uuid.UUID | None = None,
) -> Message:
    """Queue an email. `subject`, `body` and `calendar` (iCalendar, attached) carry no health data: no title,
    reason or category of a document. `about`: whatever the planner will ask for it by."""
    return _plan(
        Message(
            channel=Channel.EMAIL,
            to=to,
            subject=subject,
            body=body,
            language=language,
            calendar=calendar,
            about=about,
        ),
        due_at,
        expires_at,
    )


def plan_sms(
    *,
    to: str,
    text: str,
    language: str,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    about: uuid.UUID | None = None,
) -> Message:
    """Queue an SMS to a number in E.164."""
    return _plan(Message(channel=Channel.SMS, to=to, body=text, language=language, about=about), due_at, expires_at)


def _plan(message: Message, due_at: datetime | None, expires_at: datetime | None) -> Message:
    message.due_at = due_at or timezone.now()
    message.expires_at = expires_at
    message.full_clean()
    message.save()
    transaction.on_commit(lambda: nudge(Channel(message.channel), message.due_at))
    return message


def nudge(channel: Channel, due_at: datetime) -> None:
    """Tell a worker when something will be due. Only a nudge: where the queue is away, the sweep finds the row.

    The task runs at the end of the window the message falls in, so it sees all that was committed in it.
    """
    from notifications.tasks import dispatch

    now = timezone.now().timestamp()
    window = math.ceil(max(due_at.timestamp(), now) * NUDGES_PER_SECOND)
    countdown = window / NUDGES_PER_SECOND - now
    if countdown > LATEST_NUDGE_SECONDS:
        return
    try:
        if cache.add(f"outbox-nudge:{channel}:{window}", 1, timeout=LATEST_NUDGE_SECONDS * 2):
            dispatch.apply_async(args=(channel.value,), countdown=countdown)
    except (RedisError, OperationalError, OSError) as error:
        # Cache or broker away. The message is safe in the database, and the doctor who waits for an answer has
        # done nothing wrong.
        logger.warning("The queue did not take a nudge (%s); the sweep will send what is due.", type(error).__name__)
