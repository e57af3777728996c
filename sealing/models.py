"""Check values of the encryption keys in use."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class KeyCheck(models.Model):
    """The check value of one key, by which a process finds out if it has that key (sealing/key_checks.py). A secret
    has two of them while its key is being changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    secret = models.CharField(max_length=40, help_text="SECRET_KEY or SIGNING_PASSPHRASE")
    salt = models.CharField(max_length=32, help_text="16 random bytes, hexadecimal")
    value = models.CharField(max_length=32, help_text="scrypt of the key, 16 bytes, hexadecimal")
    noted_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "notifications_keycheck"

    def __str__(self) -> str:
        return f"{self.secret} {self.noted_at:%Y-%m-%dT%H:%M:%S}"
