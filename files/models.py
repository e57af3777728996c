"""Immutable bytes in storage, and what is derived from them."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from sealing.columns import SealedTextField


class StoredFile(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice_id = models.UUIDField(
        null=True, blank=True, help_text="Null: of an account's export, or written by the previous release"
    )
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
        indexes = [
            models.Index(fields=["sha256"], name="stored_file_sha256"),  # "is this one of ours?"
            models.Index(fields=["practice_id", "created_at"], name="stored_file_of"),
        ]
        constraints = [models.CheckConstraint(condition=Q(size__gt=0), name="stored_file_not_empty")]

    def __str__(self) -> str:
        return str(self.id)


class KeptPage(models.Model):
    """A picture or the text of a page of a file: made from its bytes, and gone with them. Any row may be deleted at
    any time: it is made again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # "+": what is derived from a file does not name it. The constraint is migration 0003's: PostgreSQL deletes the
    # rows by itself, because one that is kept while its file is deleted would stop the deletion.
    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    number = models.PositiveIntegerField(help_text="Of the page, from 1")
    width = models.PositiveIntegerField(help_text="Pixels of a picture; 0: the text")
    drawing = models.PositiveSmallIntegerField(help_text="Which version of the code made it")
    content = SealedTextField(help_text="A picture in base64, or the text; sealed, as no document is in the database")
    made_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "number", "width"], name="kept_page_once")]

    def __str__(self) -> str:
        return f"{self.file_id}, {self.number}"
