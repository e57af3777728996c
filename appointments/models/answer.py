"""Links in reminders, by which whoever got one confirms or cancels."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from appointments.models.appointment import Appointment
from notifications.models import Channel


class AnswerLink(models.Model):
    """What one reminder's link is about: a row for each of its appointments.

    It stands on the contact that it was sent to and on the time that it told of (appointments/answering.py).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, db_index=True, help_text="SHA-256 of the token, which is in no table")
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="answer_links")
    starts_at = models.DateTimeField(help_text="As the reminder says")
    channel = models.CharField(max_length=10, choices=Channel)
    contact = models.CharField(max_length=64, help_text="A keyed digest of the contact that it was sent to")
    language = models.CharField(max_length=10, default="fr")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.id)
