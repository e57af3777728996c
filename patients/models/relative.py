"""The people an account holder books for, as the holder names them, and their record at each practice."""

from __future__ import annotations

import uuid
from datetime import date

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from patients.models.patient import MAJORITY, Patient, age_on
from practices.models import Practice


class RelativeQuerySet(models.QuerySet["Relative"]):
    def of(self, holder: User) -> RelativeQuerySet:
        """Relatives that the holder has not removed."""
        return self.filter(holder=holder, removed_at=None)


class Relative(models.Model):
    """Stored, and offered again. Gives nobody access: that depends on records and ties."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    holder = models.ForeignKey(User, on_delete=models.CASCADE, related_name="relatives")
    first_name = models.CharField(_("prénom"), max_length=100)
    last_name = models.CharField(_("nom"), max_length=100)
    birth_date = models.DateField(_("date de naissance"))
    email = models.EmailField(_("adresse e-mail"), null=True, blank=True)
    mobile = models.CharField(_("mobile"), max_length=16, null=True, blank=True, help_text=_("E.164"))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = RelativeQuerySet.as_manager()

    class Meta:
        verbose_name = _("proche")
        ordering = ["first_name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(email=None, mobile=None) | Q(email__isnull=False, mobile__isnull=False),
                name="relative_both_contacts_or_neither",
            ),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    def is_minor_on(self, day: date) -> bool:
        return age_on(self.birth_date, day) < MAJORITY


class RelativeRecordQuerySet(models.QuerySet["RelativeRecord"]):
    def live(self) -> RelativeRecordQuerySet:
        """Those by which the holder books for the record today."""
        return self.filter(ended_at=None)


class RelativeRecord(models.Model):
    """The record of a holder's relative at a practice. Created with the holder's first booking there.

    Stays after it ends: an account that booked for somebody as a relative never becomes that person's own.
    """

    relative = models.ForeignKey(Relative, on_delete=models.CASCADE, related_name="records")
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="as_relative")
    made_by_booking = models.BooleanField(help_text="The record began with this holder's booking")
    has_booked = models.BooleanField(
        default=False, db_default=False, help_text="The holder booked for it: the record is never the holder's own"
    )
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="The tie ended that let the holder book for the record"
    )

    objects = RelativeRecordQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["relative", "practice"], condition=Q(ended_at=None), name="relative_one_live_record"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.relative_id} {self.patient_id}"
