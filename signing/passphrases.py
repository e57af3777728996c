"""The passphrase that encrypts signing keys, and former passphrases that still decrypt them."""

from __future__ import annotations

from django.conf import settings


def passphrases() -> tuple[str, ...]:
    """The one in use first."""
    return (settings.SIGNING_PASSPHRASE, *settings.SIGNING_PASSPHRASE_FALLBACKS)
