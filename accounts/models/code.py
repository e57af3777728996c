"""Codes of six digits sent by SMS: 10 minutes, single use, five tries, bound to the purpose and subject that they
were requested for."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone


class OneTimeCode(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=40)
    subject_id = models.UUIDField(help_text="What the code opens: an invitation, an account")
    code_hash = models.CharField(max_length=64, help_text="HMAC-SHA-256 under SECRET_KEY, of id and code")
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["purpose", "subject_id", "-created_at"])]
        constraints = [
            models.CheckConstraint(condition=Q(attempts__lte=5), name="code_at_most_five_tries"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"
