"""Staff let the holder receive an adult relative's documents, for one appointment."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from appointments.models.appointment import Appointment


class HolderAuthorisation(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="holder_authorisations")
    holder = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    authorised_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    authorised_at = models.DateTimeField(default=timezone.now)
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    kept_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    kept_at = models.DateTimeField(
        null=True, blank=True, help_text="The patient has contacts by now; staff left with the holder what was there"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["appointment"], condition=Q(withdrawn_at=None), name="authorisation_one_live"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
