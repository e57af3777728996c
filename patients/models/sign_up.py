"""Accounts that new patients are opening."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from practices.models import Practice

LASTS = timedelta(minutes=30)


class SignUpQuerySet(models.QuerySet["SignUp"]):
    def live(self, now: datetime | None = None) -> SignUpQuerySet:
        return self.filter(created_at__gt=(now or timezone.now()) - LASTS)


class SignUp(models.Model):
    """What a new patient typed, until both contacts are proved and the account is opened; then it is deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="+")
    first_name = models.CharField(max_length=100)
    last_name = models.CharField(max_length=100)
    birth_date = models.DateField()
    email = models.EmailField()
    mobile = models.CharField(max_length=16, help_text="E.164")
    language = models.CharField(max_length=10)
    email_proved_at = models.DateTimeField(null=True, blank=True)
    mobile_proved_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = SignUpQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="sign_up_created")]

    def __str__(self) -> str:
        return str(self.id)
