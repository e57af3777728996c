"""One email or SMS to one contact point, with its state: the outbox. Knows no domain.

queued -> (leased) -> sent -> delivered, or failed (refused at once, given up, or returned later: visible to staff).
An outdated message is deleted if no worker holds it. If a worker is sending it, it is called off: it is never queued
again, and counts as sent only if the server has accepted it already. notifications/reports.py records what a provider
reports later.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
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
from schema.composed import composed_once
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


# for a message that has ended
FORGOTTEN: dict[str, Any] = {"lease_until": None, "body": "", "html": "", "calendar": ""}


# Whose messages wait for now: ids of practices. The rooms above know them.
WAITING_PRACTICES: list[Callable[[], list[uuid.UUID]]] = []


class MessageQuerySet(models.QuerySet["Message"]):
    def due(self, now: datetime | None = None) -> MessageQuerySet:
        """Queued messages that are due and not leased, except those of practices whose messages wait."""
        now = now or timezone.now()
        return (
            self._may_leave()
            .filter(state=MessageState.QUEUED, due_at__lte=now)
            .filter(Q(lease_until__isnull=True) | Q(lease_until__lt=now))
        )

    def waiting_since_planned(self, now: datetime | None = None) -> MessageQuerySet:
        """Messages that are still queued after their planned time and may leave; `planned` is that time.

        Does not use `due_at`, which each failed attempt moves: with it, no message would look late while a server is
        down for a day.
        """
        planned = Coalesce("planned_at", "created_at")  # null: planned by a version without the column
        return (
            self._may_leave()
            .filter(state=MessageState.QUEUED)
            .annotate(planned=planned)
            .filter(planned__lte=now or timezone.now())
        )

    def _may_leave(self) -> MessageQuerySet:
        """A code is about nothing: its reader waits for it, to open what was shared with them, and it leaves."""
        waiting = [practice for those in WAITING_PRACTICES for practice in those()]
        if not waiting:
            return self
        return self.filter(Q(practice=None) | Q(about=None) | ~Q(practice__in=waiting))


class Message(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.CharField(_("canal"), max_length=10, choices=Channel)
    to = models.CharField(max_length=254, help_text="An email address, or a telephone number in E.164")
    language = models.CharField(_("langue"), max_length=10, default="fr")
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
    kind = models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text="What it says, in a word of whoever planned it; empty: unknown",
    )
    caused_by = models.UUIDField(null=True, blank=True, help_text="The account that caused an SMS; opaque here")
    practice = models.UUIDField(null=True, blank=True, help_text="The practice in whose name it is sent; opaque here")
    state = models.CharField(_("état"), max_length=10, choices=MessageState, default=MessageState.QUEUED)
    due_at = models.DateTimeField(_("prévu le"), help_text=_("Le prochain essai"))
    planned_at = models.DateTimeField(null=True, blank=True, help_text="The first attempt; no retry moves it")
    expires_at = models.DateTimeField(
        _("expire le"), null=True, blank=True, help_text=_("Ne sert plus après ce moment (un code)")
    )
    urgent_before = models.DateTimeField(
        null=True, blank=True, help_text="An SMS whose reader must know before this, whatever else it tells of"
    )
    lease_until = models.DateTimeField(_("pris jusqu’à"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("essais"), default=0)
    cause = models.CharField(
        _("cause"),
        max_length=30,
        blank=True,
        default="",
        db_default="",
        help_text=_("Pourquoi le dernier essai a échoué"),
    )
    last_error = models.CharField(
        _("dernière erreur"), max_length=200, blank=True, help_text=_("Les codes du serveur : « SMTP 550 5.1.1 »")
    )
    provider_id = models.CharField(
        _("numéro chez le prestataire"),
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text=_("Tel que le prestataire l’appelle"),
    )
    created_at = models.DateTimeField(_("créé le"), default=timezone.now)
    sent_at = models.DateTimeField(
        _("envoyé le"), null=True, blank=True, help_text=_("Accepté par le serveur ou le prestataire")
    )
    settled_at = models.DateTimeField(
        null=True, blank=True, help_text="Of one that failed: staff say that it is seen to"
    )
    delivered_at = models.DateTimeField(
        _("remis le"), null=True, blank=True, help_text=_("Dans la boîte ou le téléphone, selon le prestataire")
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = "message"
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="queued"), name="message_due"),
            # Of one practice in turn with the others (notifications/claiming.py).
            models.Index(
                fields=["channel", "practice", "due_at", "id"], condition=Q(state="queued"), name="message_turn"
            ),
            models.Index(fields=["created_at"], name="message_created"),
            models.Index(
                fields=["practice", "-created_at"],
                condition=Q(cause__in=["too_many", "country", "not_a_mobile"]),
                name="message_refused",
            ),
            models.Index(fields=["created_at"], condition=Q(state="failed"), name="message_failed"),
            models.Index(fields=["practice", "created_at"], condition=Q(state="failed"), name="message_failed_of"),
            # Only left behind by workers of the previous version (outbox.erase_ended_letters).
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
        """Why it did not arrive (yet), in the reader's language, with the server's codes; "" if nothing failed."""
        if not self.cause:
            return self.last_error
        sentence = str(Cause(self.cause).label)
        return f"{sentence} ({self.last_error})" if self.last_error else sentence

    @property
    def waits_for_its_time(self) -> bool:
        """Not attempted yet and not due for a while: an SMS at night."""
        later = self.due_at > timezone.now() + timedelta(minutes=5)
        return self.state == MessageState.QUEUED and self.attempts == 0 and later

    @property
    def is_waited_for(self) -> bool:
        """Whether it is useful for minutes only, like a code that somebody is waiting for."""
        planned = self.planned_at or self.created_at
        return self.expires_at is not None and self.expires_at - planned <= timedelta(minutes=30)

    @property
    def came_back(self) -> bool:
        """Accepted by the server, and failed later."""
        return self.state == MessageState.FAILED and self.sent_at is not None


def _default_countries() -> list[str]:
    return list(settings.SMS_COUNTRIES)


def validate_countries(countries: object) -> None:
    each = countries if isinstance(countries, list) else [None]
    are_known = all(isinstance(code, str) and code in COUNTRIES for code in each)
    if not are_known or len(set(each)) != len(each):
        raise ValidationError(_("Écrivez les codes de pays en deux lettres, chacun une fois. Exemple : FR, BE, CH."))


class SmsPolicy(models.Model):
    """How many SMS a practice may send, and to which countries; the installation's defaults apply without a row."""

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
        return cls.of_each([practice])[practice]

    @classmethod
    def of_each(cls, practices: Collection[uuid.UUID]) -> dict[uuid.UUID, SmsPolicy]:
        """By practice, in one query; without practices in none."""
        an_hour, a_day = settings.SMS_PER_PRACTICE
        known = {one.practice: one for one in _policies_of(tuple(practices))}
        return {pk: known.get(pk) or cls(practice=pk, an_hour=an_hour, a_day=a_day) for pk in practices}

    @classmethod
    def countries_of(cls, practice: uuid.UUID | None) -> frozenset[str]:
        """Countries to which a practice may send SMS. Without a practice: as countries_of_all."""
        return frozenset(cls.of(practice).countries) if practice else cls.countries_of_all()

    @classmethod
    def countries_of_all(cls) -> frozenset[str]:
        """For the code of an account, which is of no practice: all countries that the installation or any practice
        allows."""
        allowed = cls.objects.values_list("countries", flat=True)
        return frozenset(settings.SMS_COUNTRIES).union(*allowed)

    @property
    def limits(self) -> tuple[int, int]:
        return self.an_hour, self.a_day


@composed_once
def _policies_of(practices: tuple[uuid.UUID, ...]) -> models.QuerySet[SmsPolicy]:
    return SmsPolicy.objects.filter(pk__in=practices)
