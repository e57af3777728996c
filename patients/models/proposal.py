"""A contact that a patient changed in their account, for staff to accept into a record."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from patients.models.patient import Patient
from practices.columns import practice_column


class ContactProposal(models.Model):
    """Created if the record cannot follow automatically (patients/own_contacts.py) and lost the former contact."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = practice_column()
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="contact_proposals")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", help_text="Who changed it")
    contact = models.CharField(max_length=10, choices=[("email", "email"), ("mobile", "mobile")])
    value = models.CharField(max_length=254)
    made_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["practice", "made_at"], condition=Q(settled_at=None), name="proposal_open_of"),
            models.Index(fields=["id"], condition=Q(practice=None), name="proposal_without_practice"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "contact"], condition=Q(settled_at=None), name="proposal_one_open_per_contact"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
