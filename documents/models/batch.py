"""Documents of the library for the appointments of one day, sent at once: the batch, and each of its lines."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments.models import Appointment
from documents.models.library import LibraryDocument
from documents.models.shared import SharedDocument
from practices.models import OfPracticeQuerySet, Practice


class ShareBatch(models.Model):
    """A draft until it is sent; then a receipt."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField(help_text="Of its appointments, in the practice's time zone")
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    sent_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    sent_at = models.DateTimeField(null=True, blank=True, help_text="Null: a draft")

    objects = OfPracticeQuerySet["ShareBatch"].as_manager()

    class Meta:
        verbose_name = _("envoi à plusieurs patients")
        verbose_name_plural = _("envois à plusieurs patients")
        indexes = [
            models.Index(fields=["practice", "day"]),
            models.Index(fields=["created_at"], condition=Q(sent_at=None), name="share_batch_draft"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at=None, sent_by=None) | Q(sent_at__isnull=False, sent_by__isnull=False),
                name="share_batch_sent_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return str(self.id)


class LineState(models.TextChoices):
    DRAFT = "draft", _("à envoyer")
    LEFT_OUT = "left_out", _("laissé de côté")
    PLANNED = "planned", _("en attente")
    SENT = "sent", _("partagé")
    ALREADY = "already", _("déjà partagé")
    NOT_READY = "not_ready", _("pas prêt")
    FAILED = "failed", _("échec")


class LineReason(models.TextChoices):
    """Why a line is not sent."""

    HAS_IT = "has_it", _("Le destinataire a déjà ce document, dans cette version.")
    OTHER_APPOINTMENT = "other_appointment", _("Envoyé pour un autre rendez-vous de cette personne, le même jour.")
    CONTACTS = "contacts", _("Il manque des coordonnées au patient, ou elles sont à confirmer.")
    AUTHORISATION = "authorisation", _("Une autorisation manque : décidez qui peut recevoir les documents.")
    CANCELLED = "cancelled", _("Le rendez-vous est annulé.")
    DELETED = "deleted", _("Le rendez-vous a été supprimé.")
    ARCHIVED = "archived", _("Ce document n’est plus dans la bibliothèque.")
    BLANKS = "blanks", _("Ce document a des blancs à remplir pour chaque patient.")
    SIGN_FIRST = (
        "sign_first",
        _("Un praticien signe ce document avant le patient : partagez-le depuis le rendez-vous."),
    )
    NOT_ALLOWED = "not_allowed", _("La personne qui a lancé l’envoi ne peut plus partager.")
    CANNOT_WRITE = "cannot_write", _("Ce document n’a pas pu être mis en page pour ce patient.")
    GAVE_UP = "gave_up", _("Le partage a échoué plusieurs fois : partagez ce document depuis le rendez-vous.")


class ShareBatchLineQuerySet(models.QuerySet["ShareBatchLine"]):
    def due(self, now: datetime) -> ShareBatchLineQuerySet:
        """Planned lines that no worker holds, of practices that are not suspended."""
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        return self.filter(free, state=LineState.PLANNED, due_at__lte=now, batch__practice__suspended_at=None)


class ShareBatchLine(models.Model):
    """One document of the library for one appointment: shared once, whatever crashes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(ShareBatch, on_delete=models.CASCADE, related_name="lines", db_index=False)
    appointment = models.ForeignKey(
        Appointment, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", help_text="Null: deleted"
    )
    document = models.ForeignKey(LibraryDocument, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=LineState, default=LineState.DRAFT)
    reason = models.CharField(max_length=20, choices=LineReason, blank=True, default="")
    due_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    shared = models.OneToOneField(
        SharedDocument,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="batch_line",
        help_text="Null once it was taken back",
    )

    objects = ShareBatchLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("ligne d’un envoi à plusieurs patients")
        verbose_name_plural = _("lignes des envois à plusieurs patients")
        indexes = [
            models.Index(fields=["batch", "state"]),
            models.Index(fields=["due_at", "id"], condition=Q(state="planned"), name="share_batch_line_due"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "appointment", "document"], name="share_batch_line_once_per_appointment"
            )
        ]

    def __str__(self) -> str:
        return f"{self.id} ({self.state})"
