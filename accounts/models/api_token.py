"""Tokens of the HTTP API: 256 random bits, stored as their hash only."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User


class Scope(models.TextChoices):
    READ = "read", _("Lire")
    WRITE = "write", _("Écrire")
    SIGN = "sign", _("Signer")


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def valid(self, now: datetime | None = None) -> ApiTokenQuerySet:
        return self.filter(revoked_at__isnull=True, expires_at__gt=now or timezone.now(), user__is_active=True)

    def valid_of(self, user: User) -> ApiTokenQuerySet:
        """Tokens that are neither revoked nor expired, also of an inactive account: these are revoked, too, so that
        reactivating the account does not restore them."""
        return self.filter(user=user, revoked_at__isnull=True, expires_at__gt=timezone.now())


class ApiToken(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("nom"), max_length=100)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("jeton d’API")
        verbose_name_plural = _("jetons d’API")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name
