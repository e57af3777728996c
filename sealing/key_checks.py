"""Whether this process has the keys that the database's sealed texts and signing keys need.

The database and each backup keep a check value of every key in use: scrypt (RFC 7914) over the key with a salt of its
own, n = 2^14, r = 8, p = 1: 16 MiB and tens of milliseconds for one guess. It helps nobody to guess a weak
passphrase: whoever has the database has keys encrypted under it, too, and tries a passphrase on those (PKCS #8,
PBKDF2 with 2048 rounds) some hundred times faster. Without a salt two installations with one key would show it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from django.conf import settings

from sealing.models import KeyCheck

SECRET_KEY, SIGNING_PASSPHRASE = SECRETS = ("SECRET_KEY", "SIGNING_PASSPHRASE")
COST = 2**14  # scrypt's n
BYTES = 16


class Check(Protocol):
    @property
    def salt(self) -> str: ...
    @property
    def value(self) -> str: ...


def keys_of(secret: str) -> list[str]:
    """The key in use, and the former ones that are still given."""
    return [getattr(settings, secret), *getattr(settings, f"{secret}_FALLBACKS")]


@lru_cache(maxsize=64)
def check_value(key: str, salt: str) -> str:
    """16 bytes in hexadecimal; `salt`: 16 bytes in hexadecimal."""
    return hashlib.scrypt(key.encode(), salt=bytes.fromhex(salt), n=COST, r=8, p=1, dklen=BYTES).hex()


def new_check(secret: str, key: str) -> KeyCheck:
    """Not saved."""
    salt = secrets.token_hex(BYTES)
    return KeyCheck(secret=secret, salt=salt, value=check_value(key, salt))


def fits(check: Check, keys: Iterable[str]) -> bool:
    return any(check_value(key, check.salt) == check.value for key in keys)


@dataclass(frozen=True)
class Standing:
    """`missing`: checks of keys that something may be sealed under and that this process does not have."""

    secret: str
    checks: list[KeyCheck]
    missing: list[KeyCheck]
    has_current: bool  # the key in use is among those that the database knows

    @property
    def is_turning(self) -> bool:
        """The key in use is new here, and everything else can be opened by a former one."""
        return bool(self.checks) and not self.has_current and not self.missing

    @property
    def is_whole(self) -> bool:
        """Whatever cannot be opened now will not be by waiting for another key."""
        return bool(self.checks) and not self.missing


def standing_of(secret: str) -> Standing:
    keys = keys_of(secret)
    checks = list(KeyCheck.objects.filter(secret=secret).order_by("noted_at"))
    return Standing(
        secret=secret,
        checks=checks,
        missing=[check for check in checks if not fits(check, keys)],
        has_current=any(fits(check, keys[:1]) for check in checks),
    )


def differing(standing: Standing) -> str:
    """What differs and what to do; "" where this process has every key."""
    secret = standing.secret
    if not standing.missing:
        return ""
    if not standing.has_current:
        return (
            f"{secret} is not the key that this installation's database was sealed under. Set {secret} (or "
            f"{secret}_FILE) to the former key; to turn it, keep the former key in {secret}_FALLBACKS. If it "
            "is lost: docs/operating.md, Keys."
        )
    newest = standing.checks[-1]
    if newest in standing.missing:
        return (
            f"{secret} was turned on {newest.noted_at:%Y-%m-%d}, and this process still has a former one. Give it "
            f"the new {secret}, and the former one in {secret}_FALLBACKS."
        )
    return (
        f"Something may still be sealed under a former {secret} that is not in {secret}_FALLBACKS. Put it back "
        "there, run manage.py rotate_keys, and drop it when that says so. If it is lost: docs/operating.md, Keys."
    )
