"""Checks whether this process has the installation's keys: at start, in `manage.py check` and in /readyz.

Compares the check values in the database (sealing/key_checks.py). For an installation of a version without check
values, a key is right if it decrypts any stored data, else wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain

from allauth.mfa.models import Authenticator
from django.db import DatabaseError, connection, transaction

from accounts import factor_secrets
from audit.trail import record
from notifications.models import Message, MessageState
from sealing.columns import CannotOpen
from sealing.key_checks import SECRETS, SIGNING_PASSPHRASE, differing, keys_of, new_check, standing_of
from sealing.models import KeyCheck
from signing.models import InstallationAuthority, SigningCredential
from signing.passphrases import passphrases
from signing.pdf.keys import KeyNotOpened, opened
from webhooks.models import WebhookEndpoint

logger = logging.getLogger(__name__)
ASKED = 5  # rows of each kind, the newest
TURN = 0x0D0C5EA2  # key of the advisory lock (PostgreSQL) that lets one process record keys


class WrongKeys(Exception):
    """A secret of this process is not the installation's; the sentences say which, and what to do."""


def wrong_keys() -> list[str]:
    """A sentence for each secret that differs; empty if all match. Two queries and, once a process has compared them,
    no cryptography. Raises DatabaseError."""
    sentences = []
    for secret in SECRETS:
        standing = standing_of(secret)
        if standing.checks:
            sentences.append(differing(standing))
        elif decrypts_something(secret) is False:
            sentences.append(
                f"{secret} opens nothing of what this installation keeps sealed. Set {secret} (or {secret}_FILE) to "
                f"the key it was sealed under, or add that key to {secret}_FALLBACKS. If it is lost: "
                "docs/operating.md, Keys."
            )
    return [sentence for sentence in sentences if sentence]


def refuse_wrong_keys() -> None:
    """Raises WrongKeys. Records the keys if the database was unreachable when this process started."""
    if sentences := wrong_keys():
        raise WrongKeys(" ".join(sentences))
    note_keys()


def compare_at_start() -> None:
    """Log differing keys; record a new key if its former one is available."""
    try:
        for sentence in wrong_keys():
            logger.critical(sentence)
        note_keys()
    except DatabaseError as error:  # unreachable or not migrated yet: /readyz checks again
        logger.warning("Keys were not compared with the database's: %s", type(error).__name__)


def note_keys() -> list[str]:
    """Record the keys in use if they are right and not recorded yet; returns the newly recorded secrets."""
    noted = []
    for secret in SECRETS:
        if not _is_to_be_noted(secret):
            continue
        with transaction.atomic():
            if connection.vendor == "postgresql":  # SQLite has one writer
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])
            if _is_to_be_noted(secret):
                for key in _unnoted(secret):
                    note(secret, key)
                noted.append(secret)
    return noted


def _unnoted(secret: str) -> list[str]:
    """Keys to record, the one in use last. The first time also the former ones, because data may be encrypted under
    any of them."""
    keys = keys_of(secret)
    return keys[:1] if standing_of(secret).checks else keys[::-1]


def _is_to_be_noted(secret: str) -> bool:
    standing = standing_of(secret)
    return standing.key_change_in_progress or (not standing.checks and decrypts_something(secret) is not False)


def note(secret: str, key: str) -> KeyCheck:
    """Record a key under which data may be encrypted from now on."""
    check = new_check(secret, key)
    check.save()
    record("keys.noted", by=None, on=check, detail={"secret": secret})
    return check


def decrypts_something(secret: str) -> bool | None:
    """Whether an available key decrypts any stored data; None if there is none."""
    attempts = _sealed_keys() if secret == SIGNING_PASSPHRASE else _sealed_texts()
    result = None
    for attempt in attempts:
        try:
            attempt()
        except (CannotOpen, KeyNotOpened):
            result = False
        else:
            return True
    return result


def _sealed_texts() -> Iterator[Callable[[], object]]:
    messages = Message.objects.filter(state=MessageState.QUEUED).exclude(body="").order_by("-created_at")[:ASKED]
    endpoints = WebhookEndpoint.objects.order_by("-created_at")[:ASKED]
    for message in messages:
        yield partial(getattr, message, "body")
    for endpoint in endpoints:
        yield partial(getattr, endpoint, "secret")
    for factor in Authenticator.objects.order_by("-created_at")[:ASKED]:
        for stored in factor_secrets.sealed_in(factor.data):
            yield partial(factor_secrets.opened, stored)


def _sealed_keys() -> Iterator[Callable[[], object]]:
    newest: list[Iterable[InstallationAuthority | SigningCredential]] = [
        InstallationAuthority.objects.order_by("-created_at")[:ASKED],
        SigningCredential.objects.exclude(private_key=b"").order_by("-created_at")[:ASKED],
    ]
    for row in chain.from_iterable(newest):
        yield partial(opened, bytes(row.private_key), *passphrases())
