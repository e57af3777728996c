"""Delivers due messages: claims a batch under a lease, sends over one connection, marks each message separately.

Marking each message makes kill -9 harmless: only the one in flight can be sent twice, and its Message-ID (or
Idempotency-Key) makes the copy recognisable. A worker that lost its lease neither sends nor marks. A message that is
called off meanwhile is not sent; if the server has accepted it already, it is marked as sent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, QuerySet
from django.utils import timezone

from jobs import leases
from jobs.exclusive import is_leaving
from jobs.leases import MAX_ATTEMPTS, back_off
from jobs.row_errors import log_row_error
from notifications import claiming
from notifications.causes import Cause
from notifications.channels import DeliveryFailed, Sender
from notifications.channels.email import EmailSender
from notifications.channels.sms import SmsSender
from notifications.models import FORGOTTEN, Channel, Message, MessageState
from schema.composed import composed_once
from sealing.columns import CannotOpen
from sealing.key_checks import SECRET_KEY, standing_of

logger = logging.getLogger(__name__)

BATCH = 100
LEASE = timedelta(seconds=60)
LONGEST_SEND = timedelta(seconds=45)  # four SMTP answers that each take EMAIL_TIMEOUT, and a margin

GRACE = timedelta(minutes=5)  # a first attempt that is no later than this is as good as on time

# Asked before each attempt of an SMS: when it leaves that would leave then. The rooms above know whose night it is.
RULES_OF_TIME: list[Callable[[Message, datetime], datetime]] = []
SENDERS: dict[Channel, Callable[[], Sender]] = {Channel.EMAIL: EmailSender, Channel.SMS: SmsSender}


def deliver_due(channel: Channel) -> bool:
    """Claim and send one batch of a channel. Returns whether to continue: False if nothing is due or the channel is
    down."""
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
    """Take about BATCH due messages for LEASE."""
    return claiming.claim(channel, size=BATCH, lease=LEASE, now=now or timezone.now())


def _deliver(message: Message, sender: Sender) -> None:
    if message.expires_at and message.expires_at <= timezone.now():
        raise DeliveryFailed(Cause.EXPIRED, permanent=True)
    if message.attempts > MAX_ATTEMPTS:
        raise DeliveryFailed(Cause.INTERRUPTED, permanent=True)
    if (later := _later(message)) is not None:
        _wait_until(message, later)
        return
    try:
        message.body, message.html, message.calendar  # noqa: B018 (opened before anybody is called)
    except CannotOpen:
        # While a key is missing here, another process may have it, or the operator may restore it.
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


def _later(message: Message) -> datetime | None:
    """When the message may be sent, if a rule postpones it: an SMS at night, retried or left over. None: now."""
    if message.channel != Channel.SMS:
        return None
    now, planned = timezone.now(), message.planned_at or message.created_at
    at = planned if message.attempts == 1 and planned <= now < planned + GRACE else now
    later = max((rule(message, at) for rule in RULES_OF_TIME), default=at)
    return later if later > max(at, now) else None


def _wait_until(message: Message, at: datetime) -> None:
    """Postpone without counting an attempt. `planned_at` moves too, so the check for late messages ignores it."""
    waits = {"due_at": at, "planned_at": at, "lease_until": None, "attempts": F("attempts") - 1}
    _leased(message).update(**waits)


def _still_ours(message: Message) -> bool:
    """Whether the message must still be sent and our lease is long enough for it; renews a short lease.

    With a slow server or a paused process, leases run down while messages wait in the batch.
    """
    now = timezone.now()
    if message.lease_until is not None and now + LONGEST_SEND < message.lease_until:
        return bool(_queued(message.pk, message.lease_until, message.attempts))
    renewed = now + LEASE
    if not _leased(message).update(lease_until=renewed):
        return False
    message.lease_until = renewed
    return True


@composed_once
def _queued(pk: UUID, lease_until: datetime, attempts: int) -> QuerySet[Message, tuple[UUID]]:
    """As _leased, for the question that is asked before each message."""
    message = Message(pk=pk, lease_until=lease_until, attempts=attempts)
    return _leased(message).values_list("pk")


def _leased(message: Message, *states: MessageState) -> QuerySet[Message]:
    """The row if it is still ours: lease and attempt are unchanged since the claim, and it is not called off.

    `states`: by default queued.
    """
    return leases.held(message).filter(state__in=states or [MessageState.QUEUED])


def _mark_sent(message: Message, provider_id: str) -> None:
    changed = _leased(message, MessageState.QUEUED, MessageState.CALLED_OFF).update(
        **FORGOTTEN,
        state=MessageState.SENT,
        sent_at=timezone.now(),
        provider_id=provider_id[:200],
        cause="",
        last_error="",
    )
    if not changed and not Message.objects.filter(pk=message.pk, sent_at__isnull=False).exists():
        # (a fast provider's report may have marked it already)
        logger.warning("Message %s was sent after its lease had gone; another worker may repeat it.", message.pk)


def _mark_failure(message: Message, failure: DeliveryFailed) -> None:
    """Plan the next attempt, or give up visibly and erase the text. A message that was called off ends with this
    failure."""
    failed_as = {"cause": failure.cause, "last_error": failure.detail[:200]}
    if failure.permanent or message.attempts >= MAX_ATTEMPTS:
        changed = _leased(message).update(**FORGOTTEN, state=MessageState.FAILED, **failed_as)
    else:
        wait = max(back_off(message.attempts), failure.retry_after or timedelta())
        changed = _leased(message).update(due_at=timezone.now() + wait, lease_until=None, **failed_as)
    if changed:
        logger.warning("Message %s, attempt %s: %s", message.pk, message.attempts, failure)


def _put_back(untried: list[Message], wait: timedelta) -> None:
    """Release claimed messages because the server is unreachable or the process must end. The attempt does
    not count."""
    for message in untried:
        leases.put_back(message, wait=wait, state=MessageState.QUEUED)
