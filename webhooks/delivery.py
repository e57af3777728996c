"""Sending what webhooks are to be told: claimed under a lease, signed, tried again for three days.

Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp`, `webhook-signature` (HMAC-SHA-256 over id, time and body).
An endpoint is an address that somebody typed: in production it is resolved once, refused where it leads inside our
own network, and that very address is connected to. Redirects are not followed, answers not read.
"""

from __future__ import annotations

import logging
import random
import socket
import time
from datetime import timedelta
from urllib.parse import urlsplit

import certifi
import urllib3
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.public_addresses import is_public
from jobs import leases
from jobs.exclusive import is_leaving
from jobs.row_errors import log_row_error
from notifications.channels.retry_after import retry_after
from notifications.channels.whole_answers import (
    AnswerDidNotEnd,
    WatchedConnection,
    WatchedTlsConnection,
    whole_answer_within,
)
from sealing.columns import CannotOpen
from sealing.key_checks import SECRET_KEY, standing_of
from webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookState
from webhooks.signatures import signature

logger = logging.getLogger(__name__)
BATCH = 20
WANTS_NO_MORE = gettext_noop("Ce logiciel ne veut plus être prévenu (HTTP 410)")
NOT_SIGNED = gettext_noop(
    "La clé qui signe ces envois est illisible : retirez ce logiciel, puis ajoutez-le de nouveau avec sa nouvelle clé"
)
NOT_SENT = gettext_noop("L’envoi n’a pas pu se faire : prévenez-nous si cela dure")
LEASE = timedelta(minutes=6)  # a batch whose every endpoint takes as long as it may
TIMEOUT = urllib3.Timeout(connect=5, read=10)
LONGEST_ANSWER = 15  # seconds in all, however it drips
WAITS = [
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
]


class NotTaken(Exception):
    """`reason` is shown to the practice, translated then. `gone`: the endpoint wants nothing any more (410).
    `permanent`: this one is not tried again."""

    def __init__(
        self, reason: str, *, gone: bool = False, permanent: bool = False, wait: timedelta | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.gone = gone
        self.permanent = permanent
        self.wait = wait


def deliver_due() -> int:
    """Send one batch of what is due. How many were claimed."""
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
    """One attempt; return only once it was taken (2xx). Raises NotTaken."""
    headers = headers_of(delivery)
    address = urlsplit(delivery.endpoint.url)
    host, secure = address.hostname or "", address.scheme == "https"
    port = address.port or (443 if secure else 80)
    target = _resolve(host, port)
    if secure:
        pool: urllib3.HTTPConnectionPool = urllib3.HTTPSConnectionPool(
            target, port, server_hostname=host, assert_hostname=host, ca_certs=certifi.where(), timeout=TIMEOUT
        )
        pool.ConnectionCls = WatchedTlsConnection
    else:
        pool = urllib3.HTTPConnectionPool(target, port, timeout=TIMEOUT)
        pool.ConnectionCls = WatchedConnection
    path = (address.path or "/") + (f"?{address.query}" if address.query else "")
    try:
        with whole_answer_within(LONGEST_ANSWER):
            answer = pool.urlopen(
                "POST", path, body=delivery.body.encode(), headers={"Host": address.netloc, **headers},
                retries=False, redirect=False, preload_content=False,
            )  # fmt: skip
            status, wait = answer.status, answer.headers.get("Retry-After", "")
            answer.close()
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
    now = str(int(time.time()))
    try:
        secret = delivery.endpoint.secret
    except CannotOpen:
        raise NotTaken(NOT_SIGNED, permanent=standing_of(SECRET_KEY).is_whole) from None
    return {
        "Content-Type": "application/json",
        "User-Agent": "docshare",
        "webhook-id": str(delivery.pk),
        "webhook-timestamp": now,
        "webhook-signature": signature(secret, f"{delivery.pk}.{now}.{delivery.body}"),
    }


def _resolve(host: str, port: int) -> str:
    """The address to connect to, checked: the connection resolves nothing again (DNS rebinding).

    Raises NotTaken if the name is unknown, or if any of its addresses is not a public one.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotTaken(gettext_noop("Le nom du serveur n’existe pas")) from error
    addresses = [str(entry[4][0]) for entry in found]
    if not settings.WEBHOOKS_MAY_STAY_INSIDE and not all(map(is_public, addresses)):
        raise NotTaken(gettext_noop("Cette adresse mène au réseau interne : elle est refusée"))
    return addresses[0]


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
    """If it is still ours: a worker that was stopped beyond its lease overwrites nothing."""
    leases.held(delivery).filter(state=WebhookState.QUEUED).update(lease_until=None, **fields)
