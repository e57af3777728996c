"""Archives that are requested on a page and made by a worker: of people's own data, and of whole practices."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from files.models import StoredFile
from practices.models import OfPracticeQuerySet, Practice

KEPT = timedelta(days=7)


class DataExportState(models.TextChoices):
    REQUESTED = "requested", _("en préparation")
    READY = "ready", _("prête")
    FAILED = "failed", _("en échec")


class DataExportQuerySet(models.QuerySet["DataExport"]):
    def due(self, now: datetime | None = None) -> DataExportQuerySet:
        """Requested ones that no worker holds."""
        now = now or timezone.now()
        free = Q(lease_until=None) | Q(lease_until__lte=now)
        return self.filter(free, state=DataExportState.REQUESTED, due_at__lte=now)

    def expired(self, now: datetime | None = None) -> DataExportQuerySet:
        """Archives that nobody may download any more, and failures that everybody has had the time to read."""
        return self.exclude(state=DataExportState.REQUESTED).filter(ended_at__lte=(now or timezone.now()) - KEPT)


class DataExport(models.Model):
    """One archive of everything about one person (GDPR, articles 15 and 20), made by a worker."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="data_exports", verbose_name=_("compte"))
    state = models.CharField(max_length=10, choices=DataExportState.choices, default=DataExportState.REQUESTED)
    requested_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it became ready, or was given up")
    file = models.OneToOneField(
        StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="data_export"
    )

    objects = DataExportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], name="one_data_export_per_account"),
            models.CheckConstraint(
                condition=Q(state=DataExportState.READY, file__isnull=False, ended_at__isnull=False)
                | Q(state=DataExportState.REQUESTED, file=None, ended_at=None)
                | Q(state=DataExportState.FAILED, file=None, ended_at__isnull=False),
                name="data_export_has_a_file_once_ready",
            ),
        ]
        indexes = [models.Index(fields=["due_at", "id"], name="data_export_due", condition=Q(state="requested"))]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def expires_at(self) -> datetime | None:
        return self.ended_at + KEPT if self.ended_at else None


class PracticeExportQuerySet(OfPracticeQuerySet["PracticeExport"]):
    def due(self, now: datetime | None = None) -> PracticeExportQuerySet:
        """Requested ones that no worker holds."""
        now = now or timezone.now()
        free = Q(lease_until=None) | Q(lease_until__lte=now)
        return self.filter(free, state=DataExportState.REQUESTED, due_at__lte=now)

    def expired(self, now: datetime | None = None) -> PracticeExportQuerySet:
        """Archives that nobody may download any more, and failures that everybody has had the time to read."""
        return self.exclude(state=DataExportState.REQUESTED).filter(ended_at__lte=(now or timezone.now()) - KEPT)


class PracticeExport(models.Model):
    """One archive of everything of a practice, made by a worker. `copied`: how many of its `documents` are in it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="exports")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=DataExportState.choices, default=DataExportState.REQUESTED)
    requested_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    copied = models.PositiveIntegerField(default=0)
    documents = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it became ready, or was given up")
    file = models.OneToOneField(
        StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="practice_export"
    )

    objects = PracticeExportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["practice"], name="one_export_per_practice"),
            models.CheckConstraint(
                condition=Q(state=DataExportState.READY, file__isnull=False, ended_at__isnull=False)
                | Q(state=DataExportState.REQUESTED, file=None, ended_at=None)
                | Q(state=DataExportState.FAILED, file=None, ended_at__isnull=False),
                name="practice_export_has_a_file_once_ready",
            ),
        ]
        indexes = [models.Index(fields=["due_at", "id"], name="practice_export_due", condition=Q(state="requested"))]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def expires_at(self) -> datetime | None:
        return self.ended_at + KEPT if self.ended_at else None
