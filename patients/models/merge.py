"""Records of one person that staff made one; records that they declared to be of two people; corrected identities."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from patients.models.patient import Patient

UNDONE_WITHIN = timedelta(days=30)


class RecordMergeQuerySet(models.QuerySet["RecordMerge"]):
    def standing(self) -> RecordMergeQuerySet:
        return self.filter(undone_at=None)

    def undoable(self) -> RecordMergeQuerySet:
        return self.standing().filter(merged_at__gt=timezone.now() - UNDONE_WITHIN).exclude(state=None)


class RecordMerge(models.Model):
    """`other` became part of `kept`. For 30 days `state` has what undoing needs: the data of `kept` before the merge,
    and the ids of what came from `other` (documents/merging/state.py)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kept = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="merges")
    other = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="merged_by")
    merged_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    merged_at = models.DateTimeField(default=timezone.now)
    undone_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)
    state = models.JSONField(null=True, blank=True, help_text="For undoing; null: undone, or too late")

    objects = RecordMergeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["other"], condition=Q(undone_at=None), name="merge_one_per_record"),
            models.CheckConstraint(condition=~Q(kept=F("other")), name="merge_of_two_records"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def undoable_until(self) -> datetime:
        return self.merged_at + UNDONE_WITHIN


class DistinctRecords(models.Model):
    """Staff said that two similar records are of two people: they are no longer shown as likely duplicates."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    first = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+", help_text="The lower id")
    second = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    said_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    said_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["first", "second"], name="distinct_once_per_pair")]

    def __str__(self) -> str:
        return str(self.id)


class IdentityChange(models.Model):
    """One name or birth date of a record that staff corrected: the trail must contain no names, and stays when a
    person is erased; this row does not."""

    id = models.BigAutoField(primary_key=True)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="identity_changes")
    field = models.CharField(max_length=20)
    before = models.CharField(max_length=100)
    after = models.CharField(max_length=100)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-changed_at", "-id"]

    def __str__(self) -> str:
        return str(self.id)
