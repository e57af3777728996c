"""When an agenda can be booked online: weekly hours, absences, and the practice's limits."""

from __future__ import annotations

import uuid
from datetime import datetime, time, timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.models.agenda import Agenda, VisitReason
from practices.models import OfPracticeQuerySet, Practice

AT_LEAST_ONE = (MinValueValidator(1), MaxValueValidator(500))


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("lundi")
    TUESDAY = 1, _("mardi")
    WEDNESDAY = 2, _("mercredi")
    THURSDAY = 3, _("jeudi")
    FRIDAY = 4, _("vendredi")
    SATURDAY = 5, _("samedi")
    SUNDAY = 6, _("dimanche")


MIDNIGHT = time(0)  # as an end: 24:00
ENDS_BEFORE_START = _(
    "La fin doit être après le début. Pour ouvrir après minuit, faites deux plages : l’une jusqu’à 24:00, "
    "l’autre le lendemain à partir de 00:00."
)


class OpeningHours(models.Model):
    """Weekly hours on this weekday, in the practice's time zone. 00:00 as an end is the end of the day."""

    agenda = models.ForeignKey(Agenda, on_delete=models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(_("jour"), choices=Weekday)
    opens_at = models.TimeField(_("de"))
    closes_at = models.TimeField(_("à"), help_text=_("24:00 pour la fin du jour"))
    visit_reasons = models.ManyToManyField(
        VisitReason,
        blank=True,
        related_name="+",
        verbose_name=_("motifs"),
        help_text=_("Aucun coché : tous les motifs."),
    )

    class Meta:
        verbose_name = _("horaire d’ouverture")
        verbose_name_plural = _("horaires d’ouverture")
        ordering = ["weekday", "opens_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("opens_at")) | Q(closes_at=MIDNIGHT),
                name="opening_hours_end_after_start",
                violation_error_message=ENDS_BEFORE_START,
            ),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="opening_hours_on_a_weekday"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens_at:%H:%M}–{hour_of_end(self.closes_at)}"


def hour_of_end(closes_at: time) -> str:
    """The end as people write it: 24:00 for the end of the day."""
    return "24:00" if closes_at == MIDNIGHT else f"{closes_at:%H:%M}"


class Absence(models.Model):
    """A time when nothing can be booked online."""

    agenda = models.ForeignKey(Agenda, on_delete=models.CASCADE, related_name="absences")
    starts_at = models.DateTimeField(_("début"))
    ends_at = models.DateTimeField(_("fin"))

    class Meta:
        verbose_name = _("absence")
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="absence_ends_after_start",
                violation_error_message=_("La fin doit être après le début."),
            ),
        ]

    def __str__(self) -> str:
        return timezone.localtime(self.starts_at, self.agenda.practice.zone).isoformat(timespec="minutes")


class ClosingQuerySet(OfPracticeQuerySet["Closing"]):
    def over(self, agenda: Agenda, start: datetime, end: datetime) -> ClosingQuerySet:
        """Closings of this agenda in this time."""
        return self.of_agenda(agenda).filter(starts_at__lt=end, ends_at__gt=start)

    def of_agenda(self, agenda: Agenda) -> ClosingQuerySet:
        """By name, or with its whole practice."""
        named = Closing.agendas.through.objects.filter(agenda=agenda.pk).values("closing")
        return self.filter(Q(whole_practice=True) | Q(pk__in=named), practice=agenda.practice_id)

    def to_come(self) -> ClosingQuerySet:
        return self.filter(ends_at__gt=timezone.now())


class Closing(models.Model):
    """The whole practice, or some of its agendas, closed for a time: holidays, works, a training."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="closings")
    whole_practice = models.BooleanField(_("tout le cabinet"), default=True)
    agendas = models.ManyToManyField(Agenda, blank=True, related_name="closings", verbose_name=_("agendas"))
    starts_at = models.DateTimeField(_("début"))
    ends_at = models.DateTimeField(_("fin"))
    reason = models.CharField(_("raison"), max_length=200)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ClosingQuerySet.as_manager()

    class Meta:
        verbose_name = _("fermeture")
        ordering = ["starts_at", "id"]
        indexes = [models.Index(fields=["practice", "ends_at"], name="closing_of_practice")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="closing_ends_after_start",
                violation_error_message=_("La fin doit être après le début."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at.isoformat(timespec='minutes')} {self.id}"

    def closes(self, agenda: Agenda) -> bool:
        return self.whole_practice or agenda in self.agendas.all()

    @property
    def local_start(self) -> datetime:
        return timezone.localtime(self.starts_at, self.practice.zone)

    @property
    def local_end(self) -> datetime:
        return timezone.localtime(self.ends_at, self.practice.zone)


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
    most_upcoming = models.PositiveSmallIntegerField(
        _("rendez-vous à venir au plus, par compte"),
        default=20,
        db_default=20,
        validators=AT_LEAST_ONE,
    )
    most_per_person = models.PositiveSmallIntegerField(
        _("rendez-vous à venir au plus, par personne et par agenda"),
        default=3,
        db_default=3,
        validators=AT_LEAST_ONE,
    )
    most_a_day = models.PositiveSmallIntegerField(
        _("réservations au plus par jour, par compte, annulées comprises"),
        default=20,
        db_default=20,
        validators=AT_LEAST_ONE,
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

    def may_change(self, starts_at: datetime) -> bool:
        """Whether the booker may still move or cancel online an appointment that starts then."""
        return starts_at - timezone.now() >= self.cancel_notice
