"""When an agenda can be booked online: weekly hours, absences, and the practice's limits."""

from __future__ import annotations

from datetime import timedelta

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Practice
from appointments.models.agenda import Agenda


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("lundi")
    TUESDAY = 1, _("mardi")
    WEDNESDAY = 2, _("mercredi")
    THURSDAY = 3, _("jeudi")
    FRIDAY = 4, _("vendredi")
    SATURDAY = 5, _("samedi")
    SUNDAY = 6, _("dimanche")


class OpeningHours(models.Model):
    """From `opens_at` to `closes_at` every week on this day, on the clock of the practice."""

    agenda = models.ForeignKey(Agenda, on_delete=models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(_("jour"), choices=Weekday)
    opens_at = models.TimeField(_("de"))
    closes_at = models.TimeField(_("à"))

    class Meta:
        verbose_name = _("horaire d’ouverture")
        verbose_name_plural = _("horaires d’ouverture")
        ordering = ["weekday", "opens_at"]
        constraints = [
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="opening_hours_end_after_start"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="opening_hours_on_a_weekday"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens_at:%H:%M}–{self.closes_at:%H:%M}"


class Absence(models.Model):
    """Nothing can be booked online in between."""

    agenda = models.ForeignKey(Agenda, on_delete=models.CASCADE, related_name="absences")
    starts_at = models.DateTimeField(_("début"))
    ends_at = models.DateTimeField(_("fin"))

    class Meta:
        verbose_name = _("absence")
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="absence_ends_after_start"),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}"


class BookingPolicy(models.Model):
    """A practice's limits for booking and cancelling online; practices without a row have these defaults."""

    practice = models.OneToOneField(
        Practice, on_delete=models.CASCADE, primary_key=True, related_name="booking_policy"
    )
    notice_minutes = models.PositiveIntegerField(
        _("réservation au plus tard, en minutes avant le rendez-vous"), default=120
    )
    horizon_days = models.PositiveSmallIntegerField(
        _("réservation au plus tôt, en jours avant le rendez-vous"),
        default=120,
        validators=[MaxValueValidator(730)],
    )
    cancel_minutes = models.PositiveIntegerField(
        _("annulation au plus tard, en minutes avant le rendez-vous"), default=60
    )

    class Meta:
        verbose_name = _("limites de réservation")
        verbose_name_plural = _("limites de réservation")

    def __str__(self) -> str:
        return str(self.practice_id)

    @classmethod
    def of(cls, practice: Practice) -> BookingPolicy:
        return cls.objects.filter(practice=practice).first() or cls(practice=practice)

    @property
    def notice(self) -> timedelta:
        return timedelta(minutes=self.notice_minutes)

    @property
    def cancel_notice(self) -> timedelta:
        return timedelta(minutes=self.cancel_minutes)
