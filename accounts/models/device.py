"""Browsers that an account recognises: they need no further code by SMS, and a stranger's wrong passwords do not lock
them out."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import models
from django.utils import timezone

from accounts.models.user import User

REMEMBERED = timedelta(days=180)


class KnownDeviceQuerySet(models.QuerySet["KnownDevice"]):
    def live(self) -> KnownDeviceQuerySet:
        return self.filter(last_seen_at__gt=timezone.now() - REMEMBERED)


class KnownDevice(models.Model):
    """256 random bits for this account and browser, stored as a hash; useless without the password."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="known_devices")
    secret_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    browser = models.CharField(max_length=30, blank=True, db_default="", help_text="What it says it is: Firefox")
    system = models.CharField(max_length=30, blank=True, db_default="", help_text="Windows")
    code_given = models.BooleanField(
        db_default=True, default=True, help_text="Whether a code was given in it; without, it skips none"
    )

    objects = KnownDeviceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "secret_hash"], name="device_known_once_per_account"),
        ]

    def __str__(self) -> str:
        return str(self.id)
