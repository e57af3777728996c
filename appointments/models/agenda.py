"""Bookable calendars and visit reasons."""

from __future__ import annotations

import uuid

from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments.specialties import Specialty
from practices.find_text import FindText
from practices.models import BookingOpenTo, OfPracticeQuerySet, Practice


class AgendaQuerySet(OfPracticeQuerySet["Agenda"]):
    def offered_online(self) -> AgendaQuerySet:
        """Those that are set up for online booking: with hours, and with a reason that is offered online."""
        return self.filter(
            is_active=True,
            books_online=True,
            opening_hours__isnull=False,
            visit_reasons__is_active=True,
            visit_reasons__books_online=True,
        ).distinct()

    def open_online(self) -> AgendaQuerySet:
        """Those that patients book, all of them or those whom the practice knows."""
        return self.offered_online().exclude(practice__booking_open_to=BookingOpenTo.NOBODY)

    def named_to_public(self) -> AgendaQuerySet:
        """Those on the page of their practice: what patients book, and what the practice shows besides."""
        return self.filter(Q(pk__in=Agenda.objects.open_online().values("pk")) | Q(is_shown=True), is_active=True)


class Agenda(models.Model):
    """One bookable calendar of a practice (FHIR Schedule)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(
        Practice, on_delete=models.PROTECT, related_name="agendas", verbose_name=_("cabinet")
    )
    name = models.CharField(_("nom"), max_length=100)
    practitioner = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="agendas",
        verbose_name=_("praticien"),
    )
    position = models.PositiveSmallIntegerField(_("rang"), default=0)
    buffer_minutes = models.PositiveSmallIntegerField(
        _("battement en minutes"),
        default=0,
        db_default=0,
        validators=[MaxValueValidator(120)],
        help_text=_("Laissé libre avant et après chaque rendez-vous pris en ligne"),
    )
    video_url = models.URLField(
        _("adresse des consultations en vidéo"),
        max_length=500,
        blank=True,
        default="",
        db_default="",
        validators=[URLValidator(schemes=["https"])],
        help_text=_("Donnée au patient d’un rendez-vous en vidéo, dans ses messages et ses documents"),
    )
    is_active = models.BooleanField(_("ouvert"), default=True)
    books_online = models.BooleanField(_("réservable en ligne"), default=True, db_default=True)
    specialty = models.CharField(
        _("spécialité"), max_length=30, choices=Specialty, blank=True, default="", db_default=""
    )
    is_shown = models.BooleanField(
        _("nommé sur la page du cabinet"),
        default=False,
        db_default=False,
        help_text=_("Même s’il n’est pas réservable en ligne"),
    )
    find_text = FindText(source=("name",), default="", db_default="", editable=False)

    objects = AgendaQuerySet.as_manager()

    class Meta:
        verbose_name = _("agenda")
        ordering = ["position", "name"]
        indexes = [GinIndex(fields=["find_text"], opclasses=["gin_trgm_ops"], name="agenda_find_text")]
        constraints = [models.UniqueConstraint(fields=["practice", "name"], name="agenda_name_once")]

    def __str__(self) -> str:
        return self.name


class VisitReason(models.Model):
    """Why a patient comes; offered on some agendas."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(
        Practice, on_delete=models.PROTECT, related_name="visit_reasons", verbose_name=_("cabinet")
    )
    name = models.CharField(_("nom"), max_length=100)
    duration_minutes = models.PositiveSmallIntegerField(
        _("durée en minutes"), default=20, validators=[MinValueValidator(5), MaxValueValidator(480)]
    )
    hue = models.PositiveSmallIntegerField(
        _("couleur"), default=1, validators=[MinValueValidator(1), MaxValueValidator(8)]
    )
    agendas = models.ManyToManyField(Agenda, related_name="visit_reasons", verbose_name=_("agendas"))
    is_active = models.BooleanField(_("proposé"), default=True)
    books_online = models.BooleanField(_("réservable en ligne"), default=True, db_default=True)
    in_person = models.BooleanField(_("au cabinet"), default=True, db_default=True)
    video = models.BooleanField(_("en vidéo"), default=True, db_default=True)

    objects = OfPracticeQuerySet["VisitReason"].as_manager()

    class Meta:
        verbose_name = _("motif de consultation")
        verbose_name_plural = _("motifs de consultation")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["practice", "name"], name="visit_reason_name_once"),
            models.CheckConstraint(condition=Q(hue__gte=1, hue__lte=8), name="visit_reason_one_of_eight_hues"),
            models.CheckConstraint(
                condition=Q(duration_minutes__gte=5, duration_minutes__lte=480),
                name="visit_reason_lasts_between_5_minutes_and_8_hours",
            ),
            models.CheckConstraint(
                condition=Q(in_person=True) | Q(video=True), name="visit_reason_in_person_or_by_video"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def allows(self, kind: str) -> bool:
        """Whether this reason allows this kind of appointment (a value of AppointmentKind)."""
        return self.video if kind == "video" else self.in_person
