"""Signatures of webhooks, ours and others'; Standard Webhooks 1.0: HMAC-SHA-256 over id, time and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping

OLDEST_SECONDS = 300  # what is older, or from the future, is a copy


def signature(secret: str, text: str) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.digest(key, text.encode(), hashlib.sha256)).decode()


def is_strong_key(secret: str) -> bool:
    """Base64 of 192 bits or more, as the standard asks."""
    try:
        return len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) >= 24
    except ValueError:
        return False


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Signed with our secret, for these bytes, a moment ago. There may be several signatures: secrets turn."""
    identifier, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not identifier or not sent_at.isdecimal() or abs(time.time() - int(sent_at)) > OLDEST_SECONDS:
        return False
    try:
        expected = signature(secret, f"{identifier}.{sent_at}.{body.decode()}")
    except UnicodeDecodeError:
        return False
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(expected.encode(), one.encode()) for one in given)
