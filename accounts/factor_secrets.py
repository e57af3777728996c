"""Encrypts the secrets of second factors at rest: seeds of authenticator applications and of recovery codes.

Passkeys have no secret here. Plain values of earlier versions are read, too; a task encrypts them an hour after the
start, once no web process of such a version runs any more (docs/decisions/0024).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator

from sealing.columns import Sealed

PREFIX = "sealed:"  # can't occur in base32 or hexadecimal, the encodings of plain secrets
FIELDS = ("secret", "seed", "migrated_codes")  # of Authenticator.data; the last is a list


class FactorAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return PREFIX + Sealed.of(text).token

    def decrypt(self, encrypted_text: str) -> str:
        """Raises sealing.columns.CannotOpen."""
        return opened(encrypted_text)


def opened(stored: str) -> str:
    """Raises CannotOpen."""
    return Sealed(stored.removeprefix(PREFIX)).open() if stored.startswith(PREFIX) else stored


def sealed_again(stored: str) -> str:
    """The value encrypted under SECRET_KEY; unchanged if it is already. Raises CannotOpen."""
    if stored.startswith(PREFIX) and Sealed(stored.removeprefix(PREFIX)).is_current():
        return stored
    return PREFIX + Sealed.of(opened(stored)).token


def with_secrets(data: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """A copy of Authenticator.data whose secrets went through `change`."""
    changed = dict(data)
    for name in FIELDS:
        if isinstance(stored := data.get(name), str):
            changed[name] = change(stored)
        elif isinstance(stored, list):
            changed[name] = [change(secret) for secret in stored]
    return changed


def secrets_in(data: dict[str, Any]) -> list[str]:
    """The secrets as stored."""
    stored = (data.get(name, []) for name in FIELDS)
    return [secret for value in stored for secret in ([value] if isinstance(value, str) else value)]


def sealed_in(data: dict[str, Any]) -> list[str]:
    return [stored for stored in secrets_in(data) if stored.startswith(PREFIX)]


def is_plain(data: dict[str, Any]) -> bool:
    return len(sealed_in(data)) < len(secrets_in(data))


def seal_plain_factors() -> int:
    """Encrypt plain secrets of earlier versions; returns their number."""
    count = 0
    for pk, data in list(Authenticator.objects.values_list("pk", "data")):
        if is_plain(data):
            sealed = with_secrets(data, lambda stored: stored if stored.startswith(PREFIX) else sealed_again(stored))
            # If it changed meanwhile (a recovery code was used), the next run finds it.
            count += Authenticator.objects.filter(pk=pk, data=data).update(data=sealed)
    return count
