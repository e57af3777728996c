"""Planning a message: a row in the transaction of what it announces, and a nudge once that is committed."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from notifications.models import Channel, Message
from notifications.nudging import nudge


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
    message.clean_fields()  # constraints are the database's: asked of it beforehand, they cost four queries
    message.save()
    transaction.on_commit(lambda: nudge_channel(Channel(message.channel), message.due_at))
    return message


def nudge_channel(channel: Channel, due_at: datetime) -> None:
    nudge("notifications.tasks.dispatch", channel.value, due_at=due_at)
