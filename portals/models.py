"""What the doors store themselves: answers to calls that may be repeated."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from sealing.columns import SealedTextField

KEPT = timedelta(hours=24)


class IdempotentCallQuerySet(models.QuerySet["IdempotentCall"]):
    def stale(self, now: datetime | None = None) -> IdempotentCallQuerySet:
        return self.filter(created_at__lt=(now or timezone.now()) - KEPT)


class IdempotentCall(models.Model):
    """One POST with an Idempotency-Key. The call creates its object with the id `object_id`, so that a retry after a
    crash between COMMIT and answer finds the object instead of creating another."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path, fields and files")
    object_id = models.UUIDField(default=uuid.uuid4)
    lease_until = models.DateTimeField(help_text="Until then the first call may still be at work")
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    body = SealedTextField(blank=True, help_text="JSON, encrypted at rest")
    created_at = models.DateTimeField(default=timezone.now)

    taken_over = False  # not stored: this process continues a call that crashed

    objects = IdempotentCallQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once_per_caller"),
            models.CheckConstraint(condition=Q(status__isnull=True) | ~Q(body=""), name="idempotent_answer_whole"),
        ]
        indexes = [models.Index(fields=["created_at"])]

    def __str__(self) -> str:
        return str(self.id)
