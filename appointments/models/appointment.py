"""Patient, agenda, visit reason, when, in person or by video, who booked, for whom."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments.models.agenda import Agenda, VisitReason
from appointments.models.series import AppointmentSeries
from patients.models import Patient, RecordTie
from practices.models import OfPracticeQuerySet, Practice


class AppointmentKind(models.TextChoices):
    IN_PERSON = "in_person", _("Au cabinet")
    VIDEO = "video", _("En vidéo")

    @property
    def is_in_person(self) -> bool:
        return self is AppointmentKind.IN_PERSON


class AppointmentStatus(models.TextChoices):
    BOOKED = "booked", _("Prévu")
    CANCELLED = "cancelled", _("Annulé")


class CancelReason(models.TextChoices):
    """Why staff cancelled. For staff alone: no page, message or answer for patients has it."""

    PATIENT = "patient", _("Patient absent, ou qui a prévenu")
    PRACTITIONER = "practitioner", _("Praticien absent")
    ERROR = "error", _("Erreur de saisie")
    OTHER = "other", _("Autre motif")


class BookedFor(models.TextChoices):
    SELF = "self", _("pour soi")
    ADULT_RELATIVE = "adult_relative", _("pour un proche majeur")
    MINOR_RELATIVE = "minor_relative", _("pour un proche mineur")


class AppointmentQuerySet(OfPracticeQuerySet["Appointment"]):
    def on_day(self, day: date, practice: Practice) -> AppointmentQuerySet:
        return self.between_days(day, day + timedelta(days=1), practice)

    def between_days(self, first: date, end: date, practice: Practice) -> AppointmentQuerySet:
        """From midnight of the first day to midnight of the end day, in the practice's time zone (half open)."""
        start_at = datetime.combine(first, time.min, practice.zone)
        return self.between(start_at, datetime.combine(end, time.min, practice.zone), practice.pk)

    def between(self, start: datetime, end: datetime, practice: uuid.UUID) -> AppointmentQuerySet:
        return self.filter(practice=practice, starts_at__gte=start, starts_at__lt=end)

    def lock_first(self, pk: uuid.UUID) -> None:
        """Lock this appointment until the transaction ends, before a query that joins its record.

        PostgreSQL reads joined rows as they were before it waited for a lock: if staff make the record part of
        another meanwhile, the join would find nothing.
        """
        list(self.filter(pk=pk).order_by().select_for_update(of=("self",)).values_list("pk", flat=True))

    def shown_by(self, tie: RecordTie) -> AppointmentQuerySet:
        """Appointments of the tie's record, without those of records that its account has not proved."""
        appointments = self.filter(patient=tie.patient_id)
        if tie.shows_only is None:
            return appointments
        native = Q(of_record=None) if tie.shows_what_came_from(tie.patient_id) else Q(pk__in=[])
        return appointments.filter(native | Q(of_record__in=tie.shows_only))

    def upcoming(self) -> AppointmentQuerySet:
        return self.filter(status=AppointmentStatus.BOOKED, starts_at__gt=timezone.now())


class Appointment(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, related_name="appointments")
    agenda = models.ForeignKey(
        Agenda,
        on_delete=models.PROTECT,
        related_name="appointments",
        db_index=False,
        verbose_name=_("agenda"),
    )
    visit_reason = models.ForeignKey(
        VisitReason, on_delete=models.PROTECT, related_name="appointments", verbose_name=_("motif")
    )
    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, related_name="appointments", verbose_name=_("patient")
    )
    of_record = models.ForeignKey(
        Patient,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        editable=False,
        related_name="+",
        help_text="The record that it was of before that became part of this patient's; null: of no other",
    )
    starts_at = models.DateTimeField(_("début"))
    ends_at = models.DateTimeField(_("fin"))
    kind = models.CharField(max_length=10, choices=AppointmentKind, default=AppointmentKind.IN_PERSON)
    status = models.CharField(max_length=10, choices=AppointmentStatus, default=AppointmentStatus.BOOKED)
    holder = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="booked_appointments",
        help_text=_("Le titulaire du compte qui a réservé en ligne ; vide : le cabinet a réservé"),
    )
    booked_for = models.CharField(max_length=20, choices=BookedFor, default=BookedFor.SELF)
    confirmed_at = models.DateTimeField(
        null=True, blank=True, help_text="Whoever was reminded said: I come. Of this time, and not cancelled since"
    )
    cancelled_reason = models.CharField(
        max_length=20, choices=CancelReason, blank=True, default="", db_default="", help_text="Empty: not said"
    )
    cancelled_note = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="What staff add to it, for staff alone"
    )
    series = models.ForeignKey(
        AppointmentSeries,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        editable=False,
        related_name="appointments",
        help_text="Those that it was booked together with; null: it was booked alone",
    )
    revision = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How often it changed: SEQUENCE of RFC 5545"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("rendez-vous")
        verbose_name_plural = _("rendez-vous")
        ordering = ["starts_at", "id"]
        indexes = [
            models.Index(fields=["agenda", "starts_at"]),
            models.Index(fields=["practice", "-starts_at", "-id"]),
            # Deleting a record asks for those that came from it. Partial: few came from a merged one.
            models.Index(fields=["of_record"], condition=Q(of_record__isnull=False), name="appointment_of_record"),
            models.Index(fields=["series"], condition=Q(series__isnull=False), name="appointment_of_series"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="appointment_ends_after_start"),
            models.CheckConstraint(condition=Q(status__in=["booked", "cancelled"]), name="appointment_status_known"),
            models.CheckConstraint(condition=Q(kind__in=["in_person", "video"]), name="appointment_kind_known"),
            models.CheckConstraint(
                condition=Q(booked_for="self")
                | Q(booked_for__in=["adult_relative", "minor_relative"], holder__isnull=False),
                name="appointment_for_a_relative_has_a_holder",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at.isoformat(timespec='minutes')} {self.id}"

    @property
    def local_start(self) -> datetime:
        return timezone.localtime(self.starts_at, self.practice.zone)

    @property
    def local_end(self) -> datetime:
        return timezone.localtime(self.ends_at, self.practice.zone)

    @property
    def video_url(self) -> str:
        """The address of a visit by video; "" for one in person, or if the agenda has none."""
        return self.agenda.video_url if self.kind == AppointmentKind.VIDEO else ""

    @property
    def booked_by(self) -> str:
        """ "holder" or "practice"."""
        return "holder" if self.holder_id else "practice"
