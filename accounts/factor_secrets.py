"""Secrets of second factors, sealed at rest: the seed of an authenticator application, the seed of recovery codes.

Passkeys have no secret here. Values of versions that sealed nothing are read, too; a task seals those an hour after
the start, once no web process of such a version runs beside this one (docs/decisions/0024).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator

from sealing.columns import Sealed

PREFIX = "sealed:"  # in no base32 and in no hexadecimal, which plain secrets are
FIELDS = ("secret", "seed", "migrated_codes")  # of Authenticator.data; the last is a list


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    def encrypt(self, text: str) -> str:
        return PREFIX + Sealed.of(text).token

    def decrypt(self, encrypted_text: str) -> str:
        """Raises sealing.columns.CannotOpen."""
        return opened(encrypted_text)


def opened(kept: str) -> str:
    """Raises CannotOpen."""
    return Sealed(kept.removeprefix(PREFIX)).open() if kept.startswith(PREFIX) else kept


def sealed_again(kept: str) -> str:
    """Under SECRET_KEY; as it is if it is so already. Raises CannotOpen."""
    if kept.startswith(PREFIX) and Sealed(kept.removeprefix(PREFIX)).is_current():
        return kept
    return PREFIX + Sealed.of(opened(kept)).token


def with_secrets(data: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """A copy of Authenticator.data whose secrets went through `change`."""
    changed = dict(data)
    for name in FIELDS:
        if isinstance(kept := data.get(name), str):
            changed[name] = change(kept)
        elif isinstance(kept, list):
            changed[name] = [change(one) for one in kept]
    return changed


def secrets_in(data: dict[str, Any]) -> list[str]:
    """As they are kept."""
    kept = (data.get(name, []) for name in FIELDS)
    return [secret for one in kept for secret in ([one] if isinstance(one, str) else one)]


def sealed_in(data: dict[str, Any]) -> list[str]:
    return [kept for kept in secrets_in(data) if kept.startswith(PREFIX)]


def is_plain(data: dict[str, Any]) -> bool:
    return len(sealed_in(data)) < len(secrets_in(data))


def seal_plain_factors() -> int:
    """Seal what a version that sealed nothing left. How many there were."""
    count = 0
    for pk, data in list(Authenticator.objects.values_list("pk", "data")):
        if is_plain(data):
            sealed = with_secrets(data, lambda kept: kept if kept.startswith(PREFIX) else sealed_again(kept))
            # If it changed meanwhile (a recovery code was used), the next run finds it.
            count += Authenticator.objects.filter(pk=pk, data=data).update(data=sealed)
    return count
