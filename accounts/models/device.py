"""Browsers on which somebody has proved their mobile once: no code is asked there again for a while."""

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
    """A cookie of 256 random bits, kept as its hash; worth nothing without the password."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="known_devices")
    secret_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)

    objects = KnownDeviceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "secret_hash"], name="device_known_once_per_account"),
        ]

    def __str__(self) -> str:
        return str(self.id)
