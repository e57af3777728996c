"""Appointments that were booked together: every Tuesday, ten times."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from practices.models import OfPracticeQuerySet, Practice


class AppointmentSeries(models.Model):
    """Its appointments are ordinary ones: each is moved, cancelled and reminded of by itself."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="appointment_series")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OfPracticeQuerySet["AppointmentSeries"].as_manager()

    def __str__(self) -> str:
        return str(self.id)
