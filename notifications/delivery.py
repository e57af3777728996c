"""Delivering what is due: claim a batch under a lease, send over one connection, mark each message by itself.

Marking per message is what keeps kill -9 harmless: only the one in flight can go out twice, and its Message-ID
(or Idempotency-Key) makes it recognisable. A worker that lost its lease neither sends nor marks. A message that was
called off meanwhile is not sent; if the server has it by then, it is marked as sent, and if not, it ends there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from jobs import leases
from jobs.exclusive import is_leaving
from jobs.leases import MAX_ATTEMPTS, back_off
from jobs.row_errors import log_row_error
from notifications.causes import Cause
from notifications.channels import DeliveryFailed, Sender
from notifications.channels.email import EmailSender
from notifications.channels.sms import SmsSender
from notifications.models import FORGOTTEN, Channel, Message, MessageState
from sealing.columns import CannotOpen
from sealing.key_checks import SECRET_KEY, standing_of

logger = logging.getLogger(__name__)

BATCH = 100
LEASE = timedelta(seconds=60)
LONGEST_SEND = timedelta(seconds=45)  # four SMTP answers that each take EMAIL_TIMEOUT, and a little

SENDERS: dict[Channel, Callable[[], Sender]] = {Channel.EMAIL: EmailSender, Channel.SMS: SmsSender}


def deliver_due(channel: Channel) -> bool:
    """Claim and send one batch of a channel. Whether to go on: false when nothing is due, or the channel is down."""
    batch = claim(channel)
    sender = SENDERS[channel]()
    try:
        for position, message in enumerate(batch):
            if is_leaving():
                _put_back(batch[position:], timedelta())
                break
            try:
                _deliver(message, sender)
            except DeliveryFailed as failure:
                _mark_failure(message, failure)
                if failure.whole_channel:
                    _put_back(batch[position + 1 :], failure.retry_after or back_off(message.attempts))
                    return False
    finally:
        sender.close()
    return bool(batch)


def claim(channel: Channel, now: datetime | None = None) -> list[Message]:
    """Take up to BATCH due messages for LEASE."""
    now = now or timezone.now()
    return leases.claim(Message.objects.due(now).filter(channel=channel), size=BATCH, lease=LEASE, now=now)


def _deliver(message: Message, sender: Sender) -> None:
    if message.expires_at and message.expires_at <= timezone.now():
        raise DeliveryFailed(Cause.EXPIRED, permanent=True)
    if message.attempts > MAX_ATTEMPTS:
        raise DeliveryFailed(Cause.INTERRUPTED, permanent=True)
    try:
        message.body, message.html, message.calendar  # noqa: B018 (opened before anybody is called)
    except CannotOpen:
        # While a key is missing here, another process may have it, or staff give it back.
        raise DeliveryFailed(Cause.SEALED, permanent=standing_of(SECRET_KEY).is_whole) from None
    try:
        sender.open()
        if not _still_ours(message):
            return
        provider_id = sender.send(message)
    except DeliveryFailed:
        raise
    except Exception as error:
        log_row_error(logger, "Message", message.pk, error)
        raise DeliveryFailed(Cause.UNEXPECTED, type(error).__name__) from error
    _mark_sent(message, provider_id)


def _still_ours(message: Message) -> bool:
    """Whether the message is still to be sent, and a send begun now ends within our lease, renewed where it is short.

    A slow server, or a process that was stopped for a while, uses leases up while messages wait in the batch.
    """
    now = timezone.now()
    if message.lease_until is not None and now + LONGEST_SEND < message.lease_until:
        return _held(message).exists()
    renewed = now + LEASE
    if not _held(message).update(lease_until=renewed):
        return False
    message.lease_until = renewed
    return True


def _held(message: Message, *states: MessageState) -> QuerySet[Message]:
    """The row, if it is still ours: lease and attempt are as we claimed them, and nobody called it off.

    `states`: by default queued.
    """
    return leases.held(message).filter(state__in=states or [MessageState.QUEUED])


def _mark_sent(message: Message, provider_id: str) -> None:
    changed = _held(message, MessageState.QUEUED, MessageState.CALLED_OFF).update(
        **FORGOTTEN,
        state=MessageState.SENT,
        sent_at=timezone.now(),
        provider_id=provider_id[:200],
        cause="",
        last_error="",
    )
    if not changed and not Message.objects.filter(pk=message.pk, sent_at__isnull=False).exists():
        # (where the provider was faster than we, its report has marked it already)
        logger.warning("Message %s was sent after its lease had gone; another worker may repeat it.", message.pk)


def _mark_failure(message: Message, failure: DeliveryFailed) -> None:
    """Plan the next attempt; or give up, visibly, and forget the text. What was called off ended with the failure."""
    told = {"cause": failure.cause, "last_error": failure.detail[:200]}
    if failure.permanent or message.attempts >= MAX_ATTEMPTS:
        changed = _held(message).update(**FORGOTTEN, state=MessageState.FAILED, **told)
    else:
        wait = max(back_off(message.attempts), failure.retry_after or timedelta())
        changed = _held(message).update(due_at=timezone.now() + wait, lease_until=None, **told)
    if changed:
        logger.warning("Message %s, attempt %s: %s", message.pk, message.attempts, failure)


def _put_back(untried: list[Message], wait: timedelta) -> None:
    """Free messages that were claimed for nothing: the server is away, or we are to go. The attempt is not theirs."""
    for message in untried:
        leases.put_back(message, wait=wait, state=MessageState.QUEUED)
