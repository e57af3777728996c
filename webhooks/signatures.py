"""Signatures of webhooks, ours and others', as Standard Webhooks 1.0 says."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime

from standardwebhooks import Webhook, WebhookVerificationError

MOST_SIGNATURES = 10  # of one message


def signature(secret: str, *, identifier: str, at: datetime, body: str) -> str:
    """`at`: in UTC; `webhook-timestamp` is its whole seconds."""
    return Webhook(secret).sign(identifier, at, body)


def is_strong_key(secret: str) -> bool:
    """Whether it is Base64 of at least 192 bits, as the standard demands."""
    try:
        return len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) >= 24
    except ValueError:
        return False


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether one of the signatures was made with `secret` for these bytes a moment ago.

    A sender that rotates its secret sends several signatures. Entries of another form or version are ignored, as the
    standard requires. Raises EmptyWebhookSecretError without a secret.
    """
    webhook = Webhook(secret)
    return any(
        _is_genuine(webhook, {**headers, "webhook-signature": signature}, body)
        for signature in headers.get("webhook-signature", "").split()[:MOST_SIGNATURES]
    )


def _is_genuine(webhook: Webhook, headers: Mapping[str, str], body: bytes) -> bool:
    try:
        webhook.verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError):  # ValueError: the bytes are no text, or a signature is no base64
        return False
    return True
