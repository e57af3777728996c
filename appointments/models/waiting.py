"""Patients who want an earlier time, and the times offered to them."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.models.agenda import Agenda, VisitReason
from appointments.models.appointment import Appointment
from appointments.models.hold import SlotHold
from patients.models import Patient
from practices.models import OfPracticeQuerySet, Practice


class HalfDay(models.TextChoices):
    MORNING = "morning", _("matin")
    AFTERNOON = "afternoon", _("après-midi")


class WaitingEnd(models.TextChoices):
    ACCEPTED = "accepted", _("créneau accepté")
    DECLINED = "declined", _("refusé par le patient")
    REMOVED = "removed", _("retiré par le cabinet")
    OVER = "over", _("terminé")  # the appointment took place or is cancelled, or the last day wanted is past


class WaitingQuerySet(OfPracticeQuerySet["WaitingEntry"]):
    def live(self) -> WaitingQuerySet:
        """In the order of their ranks."""
        return self.filter(ended_at=None).order_by("created_at", "id")


class WaitingEntry(models.Model):
    """One patient's wish for an earlier time. The rank is the order in which entries were made."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="waiting_entries")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="waiting_entries")
    appointment = models.ForeignKey(
        Appointment,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="waiting_entries",
        help_text="The one to move; null: the patient has none yet",
    )
    visit_reason = models.ForeignKey(VisitReason, on_delete=models.CASCADE, related_name="+")
    agendas = models.ManyToManyField(Agenda, related_name="+")
    weekdays = models.JSONField(default=list, help_text="Monday is 0; none: every day")
    halves = models.JSONField(default=list, help_text="Values of HalfDay; none: the whole day")
    until = models.DateField(null=True, blank=True, help_text="The last day wanted")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=10, choices=WaitingEnd, blank=True, default="")

    objects = WaitingQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["practice", "created_at"], condition=Q(ended_at__isnull=True), name="waiting_of_practice"
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["appointment"], condition=Q(ended_at__isnull=True), name="waiting_once_for_an_appointment"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def reason(self) -> VisitReason:
        """Of the appointment, if there is one: staff may have changed it."""
        return self.appointment.visit_reason if self.appointment else self.visit_reason

    def suits(self, start: datetime) -> bool:
        """Whether this time, in the practice's time zone, is one of those wanted."""
        half = HalfDay.MORNING if start.hour < 12 else HalfDay.AFTERNOON
        return (
            (not self.weekdays or start.weekday() in self.weekdays)
            and (not self.halves or half.value in self.halves)
            and (self.until is None or start.date() <= self.until)
            and (self.appointment is None or start < self.appointment.starts_at)
        )


class OfferState(models.TextChoices):
    OPEN = "open", _("proposé")
    ACCEPTED = "accepted", _("accepté")
    REFUSED = "refused", _("refusé")
    EXPIRED = "expired", _("sans réponse")
    WITHDRAWN = "withdrawn", _("retiré")


class SlotOffer(models.Model):
    """One time offered to one patient of the list. While it is open, a SlotHold holds the time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    entry = models.ForeignKey(WaitingEntry, on_delete=models.CASCADE, related_name="offers")
    agenda = models.ForeignKey(Agenda, on_delete=models.CASCADE, related_name="+")
    hold = models.OneToOneField(SlotHold, on_delete=models.SET_NULL, null=True, blank=True, related_name="offer")
    starts_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=OfferState, default=OfferState.OPEN)
    email = models.EmailField(null=True, blank=True, help_text="Sent to this address; null: not by email")
    mobile = models.CharField(max_length=16, null=True, blank=True, help_text="Sent to this number; null: not by SMS")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Wrong birth dates")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry"], condition=Q(state="open"), name="one_open_offer_for_a_patient"),
            models.UniqueConstraint(
                fields=["agenda", "starts_at"], condition=Q(state="open"), name="one_open_offer_of_a_time"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def local_start(self) -> datetime:
        return timezone.localtime(self.starts_at, self.entry.practice.zone)
