"""Probes external dependencies: mail server, SMS gateway, virus scanner, time-stamp authority, keys, own certificate.

A worker probes once a minute (docshare/tasks.py) and stores the answers as rows, which pages and alarms read. So a
request of /healthz/system causes no connection.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from docshare.health.keys import faults_of_keys
from files.clamd import Clamd
from jobs import heartbeat
from notifications.channels.email import EmailSender

logger = logging.getLogger(__name__)
ASKED = "probes"  # the heartbeat of the probing itself
MISSED = timedelta(seconds=90)  # two rounds without an answer
CONNECT_SECONDS = 5
PORTS = {"http": 80, "https": 443}
TLS_ENDS = "health:tls_ends"
TLS_ENDS_SECONDS = 24 * 3600


class WrongAnswer(Exception):
    """The service answered wrongly."""


def probes() -> dict[str, Callable[[], object]]:
    """Part -> its probe, for each part that is set up and can be probed without sending anything."""
    by_part: dict[str, Callable[[], object]] = {"keys": _keys}
    if settings.EMAIL_URL and not settings.EMAIL_PROVIDER:
        by_part["mail"] = _mail
    for part, url in (("sms", settings.SMS_URL), ("timestamps", settings.TSA_URL)):
        if urlsplit(url).scheme in PORTS:
            by_part[part] = _connects_to(url)
    if settings.CLAMD_URL:
        by_part["scanner"] = _scanner
    if settings.SECURE:
        by_part["tls"] = _tls
    return by_part


def probe_all() -> None:
    """Probe each part once, and mark those that answer correctly."""
    for part, ask in probes().items():
        try:
            ask()
        except Exception as error:  # each probe raises its own exceptions; all of them mean "no"
            # The message may quote an address or a password.
            logger.warning("%s does not answer as it should (%s).", part, type(error).__name__)
        else:
            heartbeat.mark(part)
    heartbeat.mark(ASKED)


def missing(part: str, beats: dict[str, datetime]) -> bool | None:
    """Whether this part missed the last two probes; None if it was not probed lately.

    `beats`: jobs.heartbeat.last_of_all.
    """
    probed, answered = beats.get(ASKED), beats.get(part)
    if probed is None or datetime.now(UTC) - probed > 2 * MISSED:
        return None
    return answered is None or probed - answered > MISSED


def tls_ends() -> datetime | None:
    """When the certificate of PUBLIC_URL ends, as last seen from a worker; None if not known."""
    try:
        seen: str | None = cache.get(TLS_ENDS)
    except (RedisError, OSError):  # the queue's failure has an alarm of its own
        return None
    return datetime.fromisoformat(seen) if seen else None


def _keys() -> None:
    if next(faults_of_keys(), None):
        raise WrongAnswer


def _mail() -> None:
    sender = EmailSender()
    try:
        sender.open()  # connects, starts TLS and authenticates, but sends nothing
    finally:
        sender.close()


def _scanner() -> None:
    Clamd(settings.CLAMD_URL).ping(until=time.monotonic() + CONNECT_SECONDS)


def _connects_to(url: str) -> Callable[[], None]:
    """Only connects: an SMS costs money, and authorities count time-stamps."""

    def connect() -> None:
        with _connected(url):
            pass

    return connect


def _tls() -> None:
    """Others may reach an address that a worker can't reach: the result is then unknown."""
    try:
        with _connected(settings.PUBLIC_URL) as connection:
            assert isinstance(connection, ssl.SSLSocket)  # https
            certificate = connection.getpeercert() or {}
    except (socket.gaierror, ConnectionError, TimeoutError):
        cache.delete(TLS_ENDS)
        return
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    cache.set(TLS_ENDS, ends.isoformat(), TLS_ENDS_SECONDS)


def _connected(url: str) -> socket.socket:
    """A connection to the host of an http(s) address, its certificate checked. Raises OSError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    plain = socket.create_connection((host, parts.port or PORTS[parts.scheme]), CONNECT_SECONDS)
    if parts.scheme == "http":
        return plain
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise
