"""An act that its author may undo for a moment."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from files.models import StoredFile
from practices.models import Practice
from sealing.columns import SealedTextField


class ActKind(models.TextChoices):
    SHARE = "share", _("partage")
    TAKE_BACK = "take_back", _("retrait")
    MOVE = "move", _("déplacement")
    CANCEL = "cancel", _("annulation")
    BATCH = "batch", _("envoi à plusieurs patients")


class UndoableActQuerySet(models.QuerySet["UndoableAct"]):
    def open(self, now: datetime | None = None) -> UndoableActQuerySet:
        return self.filter(closed_at=None, until__gt=now or timezone.now())


class UndoableAct(models.Model):
    """Open until it is undone or its time is over; then nothing of what it changed is kept here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=ActKind)
    by = models.ForeignKey(User, on_delete=models.CASCADE, db_index=False, related_name="+")
    session = models.CharField(max_length=64, help_text="A digest of the session in which it was done; opaque here")
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, db_index=False, related_name="+")
    appointment = models.UUIDField(null=True, help_text="It may be deleted meanwhile; null: of a batch")
    batch = models.UUIDField(null=True, blank=True, help_text="Whose start it is")
    document = models.UUIDField(null=True, blank=True, help_text="Of a sharing or a taking back")
    file = models.ForeignKey(
        StoredFile,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="undoable_acts",
        help_text="Of a document that was taken back: removed when the act closes",
    )
    journal = SealedTextField(blank=True, default="", help_text="The rows that it changed; emptied when it closes")
    made_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    objects = UndoableActQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["until"], condition=Q(closed_at=None), name="undoable_act_open"),
            models.Index(fields=["file"], condition=Q(file__isnull=False), name="undoable_act_file"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
