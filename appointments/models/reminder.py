"""Reminders of appointments: a practice's times, and each reminder planned or sent."""

from __future__ import annotations

import uuid
from datetime import datetime, time

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from appointments.models.appointment import Appointment
from notifications.models import Channel, Message
from practices.columns import practice_column
from practices.models import Practice
from schema.composed import composed_once

MAX_HOURS = 24 * 30
MAX_TIMES = 4


def validate_hours(hours: object) -> None:
    each = hours if isinstance(hours, list) else [None]
    are_hours = all(type(one) is int and 1 <= one <= MAX_HOURS for one in each)
    if not are_hours or len(each) > MAX_TIMES or len(set(each)) != len(each):
        raise ValidationError(_("Donnez au plus quatre nombres d’heures différents, de 1 à 720. Exemple : 48, 2."))


def _email_hours() -> list[int]:
    return [48]


def _sms_hours() -> list[int]:
    return [24]


class ReminderPolicy(models.Model):
    """A practice's times; practices without a row have these defaults."""

    practice = models.OneToOneField(
        Practice, on_delete=models.CASCADE, primary_key=True, related_name="reminder_policy"
    )
    email_hours = models.JSONField(default=_email_hours, blank=True, validators=[validate_hours])
    sms_hours = models.JSONField(default=_sms_hours, blank=True, validators=[validate_hours])
    quiet_from = models.TimeField(_("aucun SMS à partir de"), default=time(21))
    quiet_until = models.TimeField(_("jusqu’à"), default=time(8))

    class Meta:
        verbose_name = _("rappels")
        verbose_name_plural = _("rappels")

    def __str__(self) -> str:
        return str(self.practice_id)

    @classmethod
    def of(cls, practice: Practice) -> ReminderPolicy:
        return next(iter(_of_practice(practice.pk)), None) or cls(practice=practice)

    def is_quiet(self, at: time) -> bool:
        """Whether an SMS would disturb at this local time. Equal bounds mean never."""
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= at < self.quiet_until
        return at >= self.quiet_from or at < self.quiet_until


@composed_once
def _of_practice(practice: uuid.UUID) -> models.QuerySet[ReminderPolicy]:
    return ReminderPolicy.objects.filter(practice=practice)


class ReminderState(models.TextChoices):
    PLANNED = "planned", _("prévu")
    SENT = "sent", _("envoyé")
    CANCELLED = "cancelled", _("annulé")


class ReminderQuerySet(models.QuerySet["Reminder"]):
    def due(self, now: datetime) -> ReminderQuerySet:
        """Planned and due, of practices that are not suspended."""
        may_leave = Q(appointment__practice__suspended_at=None)
        return self.filter(may_leave, state=ReminderState.PLANNED, due_at__lte=now)


class Reminder(models.Model):
    """One reminder by one channel: sent once for each time of the appointment, whatever crashes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = practice_column()
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="reminders")
    channel = models.CharField(max_length=10, choices=Channel)
    offset_hours = models.PositiveSmallIntegerField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ReminderState, default=ReminderState.PLANNED)
    sent_at = models.DateTimeField(null=True, blank=True)
    messages = models.ManyToManyField(Message, related_name="+", help_text="By which it was last told")

    objects = ReminderQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="planned"), name="reminder_due"),
            models.Index(fields=["id"], condition=Q(practice=None), name="reminder_without_practice"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["appointment", "channel", "offset_hours"], name="reminder_once_per_channel_and_time"
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="reminder_sent_has_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.id} ({self.state})"
