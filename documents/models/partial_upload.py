"""A file on its way from a patient's browser, in pieces."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from documents.models.autosend import DocumentLink
from documents.models.receiving import DocumentRequest

LIFETIME = timedelta(days=1)  # since it began; then the sweep removes it with its pieces


class PartialUploadQuerySet(models.QuerySet["PartialUpload"]):
    def live(self) -> PartialUploadQuerySet:
        """Those that take pieces, or are complete and not sent yet."""
        return self.filter(sent_at=None, began_at__gt=timezone.now() - LIFETIME)

    def lapsed(self) -> PartialUploadQuerySet:
        return self.filter(began_at__lte=timezone.now() - LIFETIME)


class PartialUpload(models.Model):
    """One file that an account, or whoever has a link, uploads for a request, or unasked for an appointment.

    `identity`: of the file, its sender and what it is for. `pieces`: ids of the stored pieces, in order. `sent_as`:
    ids of the received documents that it became part of, so that a repeated form has the same answer.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="+")
    request = models.ForeignKey(DocumentRequest, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    link = models.ForeignKey(DocumentLink, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    identity = models.UUIDField()
    name = models.CharField(max_length=255)
    size = models.PositiveIntegerField(help_text="Bytes of the whole file")
    offset = models.PositiveIntegerField(default=0, help_text="Bytes that have arrived")
    pieces = models.JSONField(default=list)
    began_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_as = models.JSONField(default=list)

    objects = PartialUploadQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["identity"], condition=Q(sent_at=None), name="partial_upload_once"),
            models.CheckConstraint(
                condition=Q(user=None, link__isnull=False) | Q(user__isnull=False, link=None),
                name="partial_upload_of_one_sender",
            ),
            models.CheckConstraint(condition=Q(offset__lte=models.F("size")), name="partial_upload_within_size"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_complete(self) -> bool:
        return self.offset == self.size
