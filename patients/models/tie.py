"""An account tied to a record, with its proofs."""

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


class TieEnd(models.TextChoices):
    SOMEONE_ELSE = "someone_else", _("coordonnées d’une autre personne")
    STAFF = "staff", _("accès retiré par le cabinet")
    REPLACED = "replaced", _("remplacé par un nouveau lien avec la fiche")
    SEPARATED = "separated", _("fiches séparées de nouveau")


class RecordTieQuerySet(models.QuerySet["RecordTie"]):
    def live(self) -> RecordTieQuerySet:
        return self.filter(ended_at=None)

    def proved_now(self) -> RecordTieQuerySet:
        """Live, with proofs of the record's current contacts and birth date."""
        return self.live().filter(suspended_at=None)

    def suspended(self) -> RecordTieQuerySet:
        """Live, and suspended until the account proves the record's current contacts."""
        return self.live().filter(suspended_at__isnull=False)


class RecordTie(models.Model):
    """Created only after the email, the mobile and the birth date were proved. It depends on these proofs: staff who
    change the record's contacts say whether it ends (they were somebody else's) or is suspended (the same person has
    new ones); a corrected birth date suspends it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="record_ties")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="ties")
    relationship = models.CharField(max_length=10, choices=Relationship)
    proved_email = models.EmailField()
    proved_mobile = models.CharField(max_length=16)
    proved_birth_date = models.DateField(null=True, blank=True, help_text="Null: of a version that did not write it")
    tied_at = models.DateTimeField(default=timezone.now)
    suspended_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="The record's contacts or birth date changed: what is shared later waits until they are proved",
    )
    shows_only = models.JSONField(
        null=True,
        blank=True,
        help_text="Ids of the records that this account had proved before they became one; null: all of the record. "
        "While the tie is live, it is suspended, too",
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=20, choices=TieEnd, blank=True, db_default="")

    objects = RecordTieQuerySet.as_manager()

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

    @property
    def needs_only_birth_date(self) -> bool:
        return self.unproved() == ["birth_date"]

    def shows_what_came_from(self, record: uuid.UUID) -> bool:
        """Whether it shows what was of this record before records were merged."""
        return self.shows_only is None or str(record) in self.shows_only

    def unproved(self) -> list[str]:
        """Which of the record's "email", "mobile" and "birth_date" the account has not proved."""
        proved = {
            "email": self.proved_email.lower(),
            "mobile": self.proved_mobile,
            "birth_date": self.proved_birth_date,
        }
        today = {
            "email": (self.patient.email or "").lower(),
            "mobile": self.patient.mobile,
            "birth_date": self.patient.birth_date,
        }
        return [name for name, value in proved.items() if value != today[name]]
