"""One email or SMS to one contact point, with its state: the outbox. Knows no domain.

queued -> (leased) -> sent -> delivered, or failed (refused at once, given up, or come back after it was taken:
visible to staff). A message that is no longer true is deleted while nobody holds it; one that a worker is sending is
called off: it is never queued again, and is sent only if the server had taken it by then. What a provider reports
later is written by notifications/reports.py.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notifications.causes import Cause
from notifications.sms_numbers import COUNTRIES
from sealing.columns import SealedTextField


class Channel(models.TextChoices):
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")


class MessageState(models.TextChoices):
    QUEUED = "queued", _("En attente")
    SENT = "sent", _("Envoyé")
    DELIVERED = "delivered", _("Remis")
    FAILED = "failed", _("Échec")
    CALLED_OFF = "called_off", _("Annulé")


FORGOTTEN: dict[str, Any] = {"lease_until": None, "body": "", "html": "", "calendar": ""}  # of a message that is over


class MessageQuerySet(models.QuerySet["Message"]):
    def due(self, now: datetime | None = None) -> MessageQuerySet:
        """Queued, its time come, and leased by nobody."""
        now = now or timezone.now()
        return self.filter(state=MessageState.QUEUED, due_at__lte=now).filter(
            Q(lease_until__isnull=True) | Q(lease_until__lt=now)
        )

    def waiting_since_planned(self, now: datetime | None = None) -> MessageQuerySet:
        """Queued though the time they were planned for has come; `planned` is that time.

        Not `due_at`, which each failed attempt moves: of a server that is away for a day, no message looks late.
        """
        planned = Coalesce("planned_at", "created_at")  # null: planned by a version without the column
        return (
            self.filter(state=MessageState.QUEUED)
            .annotate(planned=planned)
            .filter(planned__lte=now or timezone.now())
        )


class Message(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.CharField(max_length=10, choices=Channel)
    to = models.CharField(max_length=254, help_text="An email address, or a telephone number in E.164")
    language = models.CharField(max_length=10, default="fr")
    subject = models.CharField(max_length=200, blank=True)
    body = SealedTextField(blank=True, help_text="Encrypted at rest; emptied once sent or given up")
    html = SealedTextField(
        blank=True, default="", db_default="", help_text="The body once more, as HTML; as the body"
    )
    sender = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="Whose name From shows; empty: the site's"
    )
    reply_to = models.CharField(max_length=254, blank=True, default="", db_default="", help_text="Of an email")
    calendar = SealedTextField(
        blank=True,
        default="",
        db_default="",
        help_text="An iCalendar object (RFC 5545) that goes with an email; as the body",
    )
    about = models.UUIDField(
        null=True, blank=True, db_index=True, help_text="What whoever planned it asks for it by; opaque here"
    )
    topic = models.CharField(
        max_length=20,
        blank=True,
        db_default="",
        help_text="What it tells of it: a newer one of this topic replaces it",
    )
    caused_by = models.UUIDField(null=True, blank=True, help_text="The account that caused an SMS; opaque here")
    practice = models.UUIDField(null=True, blank=True, help_text="The practice that an SMS is of; opaque here")
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.QUEUED)
    due_at = models.DateTimeField(help_text="The next attempt")
    planned_at = models.DateTimeField(null=True, blank=True, help_text="The first attempt; no retry moves it")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="No longer of use after this (a code)")
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    cause = models.CharField(
        max_length=30, blank=True, default="", db_default="", help_text="A Cause: why the last attempt failed"
    )
    last_error = models.CharField(max_length=200, blank=True, help_text="The server's codes: “SMTP 550 5.1.1”")
    provider_id = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="What the provider calls it"
    )
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True, help_text="Taken by the server or provider")
    settled_at = models.DateTimeField(
        null=True, blank=True, help_text="Of one that failed: staff say that it is seen to"
    )
    delivered_at = models.DateTimeField(null=True, blank=True, help_text="In the mailbox or telephone, it was told")

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = "message"
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="queued"), name="message_due"),
            models.Index(fields=["created_at"], name="message_created"),
            models.Index(
                fields=["practice", "-created_at"],
                condition=Q(cause__in=["too_many", "country", "not_a_mobile"]),
                name="message_refused",
            ),
            models.Index(fields=["created_at"], condition=Q(state="failed"), name="message_failed"),
            # None but what workers of the version before left (outbox.forget_left_letters).
            models.Index(fields=["id"], condition=~Q(state="queued") & ~Q(html=""), name="message_letter_left"),
            models.Index(fields=["provider_id"], condition=~Q(provider_id=""), name="message_provider_id"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(channel__in=["email", "sms"]), name="message_channel_known"),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "sent", "delivered", "failed", "called_off"]),
                name="message_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "failed", "called_off"]) | Q(sent_at__isnull=False),
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
    def waits_for_its_time(self) -> bool:
        """Not tried yet, and not to leave for a while: an SMS at night."""
        later = self.due_at > timezone.now() + timedelta(minutes=5)
        return self.state == MessageState.QUEUED and self.attempts == 0 and later

    @property
    def came_back(self) -> bool:
        """Taken by the server, and failed all the same."""
        return self.state == MessageState.FAILED and self.sent_at is not None


def _default_countries() -> list[str]:
    return list(settings.SMS_COUNTRIES)


def validate_countries(countries: object) -> None:
    known = isinstance(countries, list) and all(isinstance(one, str) and one in COUNTRIES for one in countries)
    if not known or len(set(countries)) != len(countries):  # type: ignore[arg-type, call-overload]
        raise ValidationError(_("Écrivez les codes de pays en deux lettres, chacun une fois. Exemple : FR, BE, CH."))


class SmsPolicy(models.Model):
    """How many SMS a practice sends, and where; practices without a row have the installation's defaults."""

    practice = models.UUIDField(primary_key=True, help_text="Opaque here")
    an_hour = models.PositiveIntegerField(_("SMS au plus en une heure"), validators=[MinValueValidator(1)])
    a_day = models.PositiveIntegerField(_("SMS au plus en un jour"), validators=[MinValueValidator(1)])
    countries = models.JSONField(_("pays"), default=_default_countries, validators=[validate_countries])

    class Meta:
        verbose_name = _("limites des SMS")
        verbose_name_plural = _("limites des SMS")

    def __str__(self) -> str:
        return str(self.practice)

    @classmethod
    def of(cls, practice: uuid.UUID) -> SmsPolicy:
        an_hour, a_day = settings.SMS_PER_PRACTICE
        known = cls.objects.filter(pk=practice).first()
        return known or cls(practice=practice, an_hour=an_hour, a_day=a_day)

    @classmethod
    def countries_of(cls, practice: uuid.UUID | None) -> frozenset[str]:
        """Where SMS go: of a practice; of none (the code of an account), wherever the installation or one allows."""
        if practice:
            return frozenset(cls.of(practice).countries)
        allowed = cls.objects.values_list("countries", flat=True)
        return frozenset(settings.SMS_COUNTRIES).union(*allowed)

    @property
    def limits(self) -> tuple[int, int]:
        return self.an_hour, self.a_day
