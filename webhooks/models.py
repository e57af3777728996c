"""Webhook endpoints of practices, and deliveries with their state."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from practices.columns import practice_column
from practices.models import OfPracticeQuerySet, Practice
from sealing.columns import SealedTextField


class WebhookEndpoint(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="webhook_endpoints")
    url = models.URLField(_("adresse"), max_length=500)
    # Codes of audit.events.webhook_events. The help text is part of the migrations, so it keeps a former name.
    events = models.JSONField(default=list, help_text="Names of WebhookEventType")
    secret = SealedTextField(help_text="whsec_ and base64 of 256 random bits; encrypted at rest")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    stopped_at = models.DateTimeField(null=True, blank=True, help_text="Its server answered 410 Gone")

    objects = OfPracticeQuerySet.as_manager()

    class Meta:
        db_table = "accounts_webhookendpoint"
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return str(self.id)


class WebhookState(models.TextChoices):
    QUEUED = "queued", _("En attente")
    SENT = "sent", _("Reçu")
    FAILED = "failed", _("Échec")


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def due(self, now: datetime) -> WebhookDeliveryQuerySet:
        return self.may_leave().filter(due_at__lte=now).filter(Q(lease_until=None) | Q(lease_until__lt=now))

    def may_leave(self) -> WebhookDeliveryQuerySet:
        """Those that are not delivered yet, except of suspended practices."""
        return self.filter(state=WebhookState.QUEUED, endpoint__practice__suspended_at=None)


class WebhookDelivery(models.Model):
    """One event for one endpoint. Its id is the `webhook-id` of every attempt."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = practice_column()
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=60)
    body = models.TextField(help_text="JSON, as signed and sent")
    act = models.UUIDField(null=True, blank=True, help_text="What it is part of and may be undone, for a moment")
    state = models.CharField(max_length=10, choices=WebhookState, default=WebhookState.QUEUED)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        db_table = "accounts_webhookdelivery"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="queued"), name="webhook_delivery_due"),
            models.Index(fields=["id"], condition=Q(practice=None), name="delivery_without_practice"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.id} ({self.state})"


class WebhookProgress(models.Model):
    """How far the audit trail has been read for webhooks: a position of its chain. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField(default=0)

    class Meta:
        db_table = "accounts_webhookprogress"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="webhook_progress_is_one_row")]

    def __str__(self) -> str:
        return str(self.position)
