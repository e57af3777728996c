"""One email or SMS to one contact point, with its state: the outbox. Knows no domain.

queued -> (leased) -> sent -> delivered, or failed (refused at once, given up, or come back after it was taken:
visible to staff). What a provider reports later is written by notifications/reports.py.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notifications.causes import Cause
from notifications.secrecy import SealedTextField


class Channel(models.TextChoices):
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")


class MessageState(models.TextChoices):
    QUEUED = "queued", _("En attente")
    SENT = "sent", _("Envoyé")
    DELIVERED = "delivered", _("Remis")
    FAILED = "failed", _("Échec")


FORGOTTEN: dict[str, Any] = {"lease_until": None, "body": "", "calendar": ""}  # of a message that is over


class MessageQuerySet(models.QuerySet["Message"]):
    def due(self, now: datetime | None = None) -> MessageQuerySet:
        """Queued, its time come, and leased by nobody."""
        now = now or timezone.now()
        return self.filter(state=MessageState.QUEUED, due_at__lte=now).filter(
            Q(lease_until__isnull=True) | Q(lease_until__lt=now)
        )


class Message(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.CharField(max_length=10, choices=Channel)
    to = models.CharField(max_length=254, help_text="An email address, or a telephone number in E.164")
    language = models.CharField(max_length=10, default="fr")
    subject = models.CharField(max_length=200, blank=True)
    body = SealedTextField(blank=True, help_text="Encrypted at rest; emptied once sent or given up")
    calendar = SealedTextField(
        blank=True, help_text="An iCalendar object (RFC 5545) that goes with an email; as the body"
    )
    about = models.UUIDField(
        null=True, blank=True, db_index=True, help_text="What whoever planned it asks for it by; opaque here"
    )
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.QUEUED)
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True, help_text="No longer of use after this (a code)")
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    cause = models.CharField(max_length=30, blank=True, help_text="A Cause: why the last attempt failed")
    last_error = models.CharField(max_length=200, blank=True, help_text="The server's codes: “SMTP 550 5.1.1”")
    provider_id = models.CharField(max_length=200, blank=True, help_text="What the provider calls it")
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True, help_text="Taken by the server or provider")
    delivered_at = models.DateTimeField(null=True, blank=True, help_text="In the mailbox or telephone, it was told")

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = "message"
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="queued"), name="message_due"),
            models.Index(fields=["created_at"], name="message_created"),
            models.Index(fields=["created_at"], condition=Q(state="failed"), name="message_failed"),
            models.Index(fields=["provider_id"], condition=~Q(provider_id=""), name="message_provider_id"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(channel__in=["email", "sms"]), name="message_channel_known"),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "sent", "delivered", "failed"]), name="message_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "failed"]) | Q(sent_at__isnull=False),
                name="message_sent_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="delivered") | Q(delivered_at__isnull=False), name="message_delivered_has_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.id} ({self.state})"

    @property
    def error(self) -> str:
        """Why it did not arrive (yet), in the reader's language, and the server's codes; "" where all is well."""
        if not self.cause:
            return self.last_error
        sentence = str(Cause(self.cause).label)
        return f"{sentence} ({self.last_error})" if self.last_error else sentence

    @property
    def came_back(self) -> bool:
        """Taken by the server, and failed all the same."""
        return self.state == MessageState.FAILED and self.sent_at is not None


class Heartbeat(models.Model):
    """When a part of the installation last showed that it works (notifications/heartbeat.py)."""

    part = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.part} {self.at:%Y-%m-%dT%H:%M:%S}"
