"""Delivers webhook events: claimed under a lease, signed, retried for three days.

Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp`, `webhook-signature` (HMAC-SHA-256 over id, time and body).
Users type the endpoints' addresses: see webhooks.guarded. Redirects are not followed, answers not read.
"""

from __future__ import annotations

import logging
import random
from datetime import UTC, datetime, timedelta

import urllib3
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs import leases
from jobs.exclusive import is_leaving
from jobs.row_errors import log_row_error
from notifications.channels.retry_after import retry_after
from notifications.channels.whole_answers import AnswerDidNotEnd, whole_answer_within
from sealing.columns import CannotOpen
from sealing.key_checks import SECRET_KEY, standing_of
from webhooks.guarded import Unreachable, host_of, path_of, pool_to
from webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookState
from webhooks.signatures import signature

logger = logging.getLogger(__name__)
BATCH = 20
WANTS_NO_MORE = gettext_noop("Ce logiciel ne veut plus être prévenu (HTTP 410)")
NOT_SIGNED = gettext_noop(
    "La clé qui signe ces envois est illisible : retirez ce logiciel, puis ajoutez-le de nouveau avec sa nouvelle clé"
)
NOT_SENT = gettext_noop("L’envoi n’a pas pu se faire : prévenez-nous si cela dure")
LEASE = timedelta(minutes=6)  # long enough for a batch in which every endpoint uses its full time
LONGEST_ANSWER = 15  # seconds in total, also for an answer that arrives byte by byte
WAITS = [
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
]


class NotTaken(Exception):
    """The endpoint did not accept the event. `reason`: shown to the practice, translated on display. `gone`: the
    endpoint answered 410 and wants no more events. `permanent`: no retry."""

    def __init__(
        self, reason: str, *, gone: bool = False, permanent: bool = False, wait: timedelta | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.gone = gone
        self.permanent = permanent
        self.wait = wait


def deliver_due() -> int:
    """Send one batch of due events; returns how many were claimed."""
    batch = _claim()
    for delivery in batch:
        if is_leaving():
            leases.put_back(delivery, state=WebhookState.QUEUED)
            continue
        if delivery.endpoint.stopped_at is not None:
            _mark(delivery, state=WebhookState.FAILED, last_error=WANTS_NO_MORE)
            continue
        try:
            send(delivery)
        except NotTaken as failure:
            _mark_failure(delivery, failure)
        except Exception as error:
            log_row_error(logger, "Webhook", delivery.pk, error)
            _mark_failure(delivery, NotTaken(NOT_SENT))
        else:
            _mark(delivery, state=WebhookState.SENT, last_error="")
    return len(batch)


def _claim() -> list[WebhookDelivery]:
    now = timezone.now()
    due = WebhookDelivery.objects.due(now).select_related("endpoint")
    return leases.claim(due, size=BATCH, lease=LEASE, now=now)


def send(delivery: WebhookDelivery) -> None:
    """Attempt one delivery. Returns if the endpoint accepted it (2xx), else raises NotTaken."""
    headers = headers_of(delivery)
    url = delivery.endpoint.url
    try:
        pool = pool_to(url)
    except Unreachable as refused:
        raise NotTaken(refused.reason) from refused
    try:
        with whole_answer_within(LONGEST_ANSWER):
            response = pool.urlopen(
                "POST", path_of(url), body=delivery.body.encode(), headers={"Host": host_of(url), **headers},
                retries=False, redirect=False, preload_content=False,
            )  # fmt: skip
            status, wait = response.status, response.headers.get("Retry-After", "")
            response.close()
    except (urllib3.exceptions.HTTPError, AnswerDidNotEnd) as error:
        raise NotTaken(gettext_noop("Ce logiciel ne répond pas")) from error
    finally:
        pool.close()
    if status == 410:
        raise NotTaken(WANTS_NO_MORE, gone=True)
    if not 200 <= status < 300:
        raise NotTaken(f"HTTP {status}", wait=retry_after(wait) if status in (429, 503) else None)


def headers_of(delivery: WebhookDelivery) -> dict[str, str]:
    """Raises NotTaken if the secret that signs cannot be opened."""
    now = datetime.now(UTC)
    try:
        secret = delivery.endpoint.secret
    except CannotOpen:
        raise NotTaken(NOT_SIGNED, permanent=standing_of(SECRET_KEY).is_whole) from None
    return {
        "Content-Type": "application/json",
        "User-Agent": "docshare",
        "webhook-id": str(delivery.pk),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature(secret, identifier=str(delivery.pk), at=now, body=delivery.body),
    }


def _mark_failure(delivery: WebhookDelivery, failure: NotTaken) -> None:
    logger.warning("Webhook %s, attempt %s: %s", delivery.pk, delivery.attempts, failure.reason)
    if failure.gone:
        WebhookEndpoint.objects.filter(pk=delivery.endpoint_id).update(stopped_at=timezone.now())
    if failure.gone or failure.permanent or delivery.attempts > len(WAITS):
        _mark(delivery, state=WebhookState.FAILED, last_error=failure.reason)
        return
    wait = WAITS[delivery.attempts - 1] * random.uniform(0.9, 1.1)  # noqa: S311 (spreads load, guards nothing)
    _mark(delivery, due_at=timezone.now() + max(wait, failure.wait or timedelta()), last_error=failure.reason)


def _mark(delivery: WebhookDelivery, **fields: object) -> None:
    """Store the result if the lease is still ours: a worker paused beyond its lease overwrites nothing."""
    leases.held(delivery).filter(state=WebhookState.QUEUED).update(lease_until=None, **fields)
