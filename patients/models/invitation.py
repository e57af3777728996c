"""An invitation to prove that a record is one's own: link (email), code (mobile), birth date."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from patients.models.patient import Patient


class InvitationEnd(models.TextChoices):
    ACCEPTED = "accepted", _("acceptée")
    CONTACTS_CHANGED = "contacts_changed", _("coordonnées modifiées")
    TOO_MANY_ATTEMPTS = "too_many_attempts", _("trop d’essais")
    WITHDRAWN = "withdrawn", _("retirée")
    MAJORITY = "majority", _("devenu majeur depuis")


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def live(self) -> InvitationQuerySet:
        return self.filter(ended_at=None)


class Invitation(models.Model):
    """Bound to the contacts it was sent to: it ends when the record's contacts change.

    Its link is `id` with an HMAC under SECRET_KEY (patients/invitations.py): the row alone opens nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    mobile = models.CharField(max_length=16)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=20, choices=InvitationEnd, blank=True)
    identity_checked_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Staff who checked, otherwise than by this site, who this is: it may replace a lost mobile",
    )
    accepted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient"], condition=Q(ended_at=None), name="invitation_one_live_per_record"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, end="") | (Q(ended_at__isnull=False) & ~Q(end="")),
                name="invitation_end_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(accepted_by=None) | Q(end="accepted"), name="invitation_accepted_by_somebody"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_open(self) -> bool:
        return self.ended_at is None and self.expires_at > timezone.now()
