"""Decisions of staff about a holder who booked for a relative: authorise, refuse, or end their access."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from accounts.models.user import ERASED_DOMAIN, MOVED
from appointments.models.appointment import Appointment
from patients.models import Patient


class HolderAuthorisation(models.Model):
    """Staff let the holder receive an adult relative's documents, for one appointment; or refused it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="holder_authorisations")
    holder = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    authorised_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    authorised_at = models.DateTimeField(default=timezone.now)
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    refused = models.BooleanField(
        default=False, db_default=False, help_text="Staff said no: it never stood, and was withdrawn as it was made"
    )
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


class HolderExclusionQuerySet(models.QuerySet["HolderExclusion"]):
    def of(self, holder: User) -> HolderExclusionQuerySet:
        """Those of this account, and those that a practice brought from another installation: whose they are is not
        known here, so they count for everybody until staff lift them."""
        of_anybody = Q(holder__email__startswith=MOVED, holder__email__endswith=f"@{ERASED_DOMAIN}")
        return self.filter(Q(holder=holder) | of_anybody)

    def applying_to(self, patient: Patient) -> list[HolderExclusion]:
        """For this record, or for another of the practice that looks like the same child: the booker may have
        described the child differently."""
        exclusions = self.around(patient.pk, patient.practice_id, patient.birth_date)
        return [one for one in exclusions if one.is_about(patient)]

    def around(self, patient: uuid.UUID, practice: uuid.UUID, birth_date: date) -> HolderExclusionQuerySet:
        """Candidates of applying_to; `is_about` decides."""
        alike = Q(patient=patient) | Q(patient__practice=practice, patient__birth_date=birth_date)
        return self.filter(alike).select_related("patient", "holder").order_by("-excluded_at", "-id")

    def possibly_about(self, patients: Collection[Patient]) -> HolderExclusionQuerySet:
        """Candidates of applying_to for any of these records; `is_about` and `is_of` decide."""
        born = Q(
            patient__practice__in={one.practice_id for one in patients},
            patient__birth_date__in={one.birth_date for one in patients},
        )
        exclusions = self.filter(Q(patient__in=[one.pk for one in patients]) | born)
        return exclusions.select_related("patient", "holder")


class HolderExclusion(models.Model):
    """Staff ended what a holder sees of a minor relative's record because they booked for it.

    The holder no longer sees what was shared before, and gets nothing shared later; an authorisation for one
    appointment still can give access.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="holder_exclusions")
    holder = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    excluded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    excluded_at = models.DateTimeField(default=timezone.now)

    objects = HolderExclusionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["holder", "patient"], name="exclusion_once_per_holder_and_record"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def is_about(self, patient: Patient) -> bool:
        """Whether it is about this record, or one that looks like the same child."""
        return self.patient == patient or (
            self.patient.practice_id == patient.practice_id and self.patient.looks_like(patient)
        )

    def is_of(self, holder: User) -> bool:
        """As HolderExclusionQuerySet.of."""
        of_anybody = self.holder.email.startswith(MOVED) and self.holder.email.endswith(f"@{ERASED_DOMAIN}")
        return self.holder_id == holder.pk or of_anybody
