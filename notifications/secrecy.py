"""Text that a dump of the database must not give away: links and codes in messages still to be sent.

Fernet (AES-128-CBC and HMAC-SHA-256), the key derived from SECRET_KEY; SECRET_KEY_FALLBACKS still decrypt.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet(
        [
            Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"docshare.sealed-text:" + key.encode()).digest()))
            for key in keys
        ]
    )


class SealedTextField(models.TextField[str, str]):
    """A text that is encrypted in the database and plain in Python."""

    def get_prep_value(self, value: Any) -> Any:
        if not value:
            return value
        return _fernet((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)).encrypt(str(value).encode()).decode()

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        if not value:
            return value
        return _fernet((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)).decrypt(value.encode()).decode()
