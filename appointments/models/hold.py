"""Slots held for somebody who is booking without an account yet."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from appointments.models.agenda import Agenda, VisitReason
from appointments.models.appointment import AppointmentKind


class SlotHoldQuerySet(models.QuerySet["SlotHold"]):
    def live(self, now: datetime | None = None) -> SlotHoldQuerySet:
        return self.filter(expires_at__gt=now or timezone.now())

    def live_over(self, agenda: Agenda, start: datetime, end: datetime) -> SlotHoldQuerySet:
        """Those by which somebody who is booking holds some of this time on this agenda."""
        held = self.live().filter(agenda=agenda, for_undo=False)
        return held.filter(starts_at__lt=end, ends_at__gt=start).order_by("starts_at", "id")


class SlotHold(models.Model):
    """One slot that nobody else can book online until `expires_at`. It names no person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agenda = models.ForeignKey(Agenda, on_delete=models.CASCADE, related_name="slot_holds")
    visit_reason = models.ForeignKey(VisitReason, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=AppointmentKind)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    for_undo = models.BooleanField(
        default=False,
        db_default=False,
        help_text="An appointment just left this time, and may come back: staff book it all the same",
    )

    objects = SlotHoldQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["agenda", "starts_at"], name="slot_hold_of_agenda")]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="slot_hold_ends_after_start")
        ]

    def __str__(self) -> str:
        return str(self.id)
