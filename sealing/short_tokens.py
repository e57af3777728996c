"""Addresses for messages: the id of a row with a short HMAC, which fits into an SMS."""

from __future__ import annotations

import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode

from django.core.signing import BadSignature, Signer

SIGNATURE = 22  # characters of base64: 132 bits


class ShortSigner(Signer):
    """The first 132 bits of the HMAC-SHA-256 (RFC 2104, 5): an SMS has 160 characters for name, words and link."""

    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        return super().signature(value, key)[:SIGNATURE]


def token_of(pk: uuid.UUID, signer: ShortSigner) -> str:
    """The id in base64, 22 characters instead of 36, and its signature."""
    return signer.sign(urlsafe_b64encode(pk.bytes).decode().rstrip("="))


def id_of(token: str, signer: ShortSigner) -> uuid.UUID | None:
    """None if this site did not sign it."""
    try:
        return uuid.UUID(bytes=urlsafe_b64decode(f"{signer.unsign(token)}=="))
    except (BadSignature, ValueError):
        return None
