"""Whether this process has the keys that the database's sealed texts and signing keys need.

The database and each backup store a check value of every key in use: scrypt (RFC 7914) over the key with a salt of
its own, n = 2^14, r = 8, p = 1: 16 MiB and tens of milliseconds for one guess. The value does not make a weak
passphrase easier to guess: whoever has the database also has keys encrypted under it (PKCS #8, PBKDF2 with 2048
rounds), on which a guess is some hundred times faster. Without a salt, two installations with the same key would have
the same value.
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
    """The key in use, then the former keys in the settings."""
    return [getattr(settings, secret), *getattr(settings, f"{secret}_FALLBACKS")]


@lru_cache(maxsize=64)
def check_value(key: str, salt: str) -> str:
    """16 bytes in hexadecimal; `salt`: 16 bytes in hexadecimal."""
    return hashlib.scrypt(key.encode(), salt=bytes.fromhex(salt), n=COST, r=8, p=1, dklen=BYTES).hex()


def new_check(secret: str, key: str) -> KeyCheck:
    """A new check value for the key; not saved."""
    salt = secrets.token_hex(BYTES)
    return KeyCheck(secret=secret, salt=salt, value=check_value(key, salt))


def fits(check: Check, keys: Iterable[str]) -> bool:
    return any(check_value(key, check.salt) == check.value for key in keys)


@dataclass(frozen=True)
class Standing:
    """`missing`: checks of keys that this process lacks and that some text may be encrypted under."""

    secret: str
    checks: list[KeyCheck]
    missing: list[KeyCheck]
    has_current: bool  # the database has a check of the key in use

    @property
    def key_change_in_progress(self) -> bool:
        """A key change is in progress: the key in use is new, and former keys decrypt everything."""
        return bool(self.checks) and not self.has_current and not self.missing

    @property
    def is_whole(self) -> bool:
        """This process has every key, so a text that can't be decrypted is damaged."""
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
    """Which keys differ and what to do; "" if this process has every key."""
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
