"""Immutable bytes in storage."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone


class StoredFile(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=100, unique=True, help_text="Where the storage keeps it; never from a name")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="Bytes")
    media_type = models.CharField(max_length=40, help_text="As verified by content")
    created_at = models.DateTimeField(default=timezone.now)
    refused_as = models.CharField(
        max_length=40,
        blank=True,
        default="",
        db_default="",
        help_text="Why an upload like it is refused today: it moved here with its practice; downloads only",
    )

    class Meta:
        db_table = "documents_storedfile"
        indexes = [models.Index(fields=["sha256"], name="stored_file_sha256")]  # "is this one of ours?"
        constraints = [models.CheckConstraint(condition=Q(size__gt=0), name="stored_file_not_empty")]

    def __str__(self) -> str:
        return str(self.id)
