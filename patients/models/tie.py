"""An account tied to a record, and by which proofs."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from patients.models.patient import Patient


class Relationship(models.TextChoices):
    SELF = "self", _("soi-même")
    GUARDIAN = "guardian", _("responsable légal")


class RecordTie(models.Model):
    """Made only after the email, the mobile and the birth date were proved (design, section 2)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="record_ties")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="ties")
    relationship = models.CharField(max_length=10, choices=Relationship)
    proved_email = models.EmailField()
    proved_mobile = models.CharField(max_length=16)
    tied_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["user", "patient"], condition=Q(ended_at=None), name="tie_live")]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "patient"], condition=Q(ended_at=None), name="tie_once_per_account_and_record"
            ),
            models.UniqueConstraint(
                fields=["patient"],
                condition=Q(ended_at=None, relationship="self"),
                name="tie_one_own_account_per_record",
            ),
            models.CheckConstraint(condition=Q(relationship__in=["self", "guardian"]), name="tie_relationship_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.relationship} {self.patient_id}"
