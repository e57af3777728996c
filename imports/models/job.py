"""An import of one file: what was sent, how far it is, and what became of each line."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments.models import Agenda, Appointment, VisitReason
from imports.reasons import sentence_of
from patients.models import Patient
from practices.models import OfPracticeQuerySet, Practice
from sealing.columns import SealedTextField


class Subject(models.TextChoices):
    PATIENTS = "patients", _("Patients")
    APPOINTMENTS = "appointments", _("Rendez-vous")


class Form(models.TextChoices):
    CSV = "csv", "CSV"
    ICS = "ics", "ICS"
    VCF = "vcf", "vCard"


class Stage(models.TextChoices):
    MAPPING = "mapping", _("Colonnes à choisir")
    CHECKING = "checking", _("Vérification en cours")
    CHECKED = "checked", _("Vérifié, rien n’est encore importé")
    IMPORTING = "importing", _("Import en cours")
    DONE = "done", _("Importé")
    UNDOING = "undoing", _("Annulation en cours")
    UNDONE = "undone", _("Annulé")
    FAILED = "failed", _("Interrompu par une erreur")


RUNNING = (Stage.CHECKING, Stage.IMPORTING, Stage.UNDOING)


class Verdict(models.TextChoices):
    NEW = "new", _("nouveau")
    SAME = "same", _("déjà là")
    ALIKE = "alike", _("ressemblant")
    REFUSED = "refused", _("refusé")


class Likeness(models.TextChoices):
    """Why a line is alike."""

    OTHER_CONTACTS = "other_contacts", _("même nom et même date de naissance qu’une fiche, autres coordonnées")
    SIMILAR_NAME = "similar_name", _("nom ressemblant à celui d’une fiche, même date de naissance")
    TWICE_IN_FILE = "twice_in_file", _("même personne qu’à une autre ligne, autres coordonnées")
    MOVED = "moved", _("rendez-vous déjà importé, à une autre heure")
    SAME_DAY = "same_day", _("autre rendez-vous du patient ce jour-là sur cet agenda")


class Choice(models.TextChoices):
    """What becomes of a line that is alike."""

    LEAVE_OUT = "leave_out", _("Laisser de côté")
    CREATE = "create", _("Créer quand même")
    SAME_RECORD = "same_record", _("C’est cette fiche : compléter ce qui y manque")


OF_RECORDS = (Likeness.OTHER_CONTACTS, Likeness.SIMILAR_NAME)  # a record is its twin


class ImportQuerySet(OfPracticeQuerySet["Import"]):
    def due(self, now: datetime) -> ImportQuerySet:
        """Running ones that no worker holds."""
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        return self.filter(free, stage__in=RUNNING, stopped_at=None, due_at__lte=now)


class Import(models.Model):
    """The lease and the position belong to the running stage. A part is done in one transaction with the new
    position, so that a killed worker repeats nothing."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="imports", db_index=False)
    subject = models.CharField(max_length=20, choices=Subject)
    form = models.CharField(max_length=10, choices=Form)
    name = SealedTextField(help_text="Of the file; may name a person")
    sha256 = models.CharField(max_length=64)
    headings = models.JSONField(default=list)
    columns = models.JSONField(default=dict, help_text="Number of a column -> imports.reading.headings.Field")
    agenda = models.ForeignKey(Agenda, on_delete=models.SET_NULL, null=True, related_name="+")
    visit_reason = models.ForeignKey(VisitReason, on_delete=models.SET_NULL, null=True, related_name="+")
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    stage = models.CharField(max_length=20, choices=Stage)
    goes_on = models.BooleanField(default=False, help_text="Imports after the dry run without asking")
    stopped_at = models.DateTimeField(null=True, blank=True, help_text="By an administrator, until resumed")
    parts_count = models.PositiveIntegerField(default=0)
    position = models.PositiveIntegerField(default=0, help_text="Parts that the running stage has done")
    lines = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    alike = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    made = models.PositiveIntegerField(default=0, help_text="Records or appointments that exist because of it")
    left = models.PositiveIntegerField(default=0, help_text="Not undone, because they changed since")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="End of the last stage")
    due_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["practice", "-created_at", "-id"], name="import_of_practice"),
            models.Index(
                fields=["due_at"], condition=Q(stage__in=["checking", "importing", "undoing"]), name="import_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.id} ({self.stage})"

    @property
    def is_running(self) -> bool:
        return self.stage in RUNNING and self.stopped_at is None

    @property
    def percent(self) -> int:
        return 100 if not self.parts_count else self.position * 100 // self.parts_count


class ImportPart(models.Model):
    """Some hundred lines as read from the file; removed when the import has ended."""

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    rows = SealedTextField(help_text="JSON: list of [line, cells]")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="import_part_once")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.number}"


class ImportLine(models.Model):
    """What became of one line. `key` recognises the same person or appointment in a later file, whatever changed in
    the record since; `content` is a digest of all that the line says about it."""

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="judged", db_index=False)
    part = models.PositiveIntegerField()
    line = models.PositiveIntegerField()
    verdict = models.CharField(max_length=10, choices=Verdict)
    key = models.CharField(max_length=64, blank=True, db_default="")
    content = models.CharField(max_length=64, blank=True, db_default="")
    detail = SealedTextField(
        blank=True, default="", help_text="Of imports/reasons.py: why it is alike, refused, or not undone"
    )
    patient = models.ForeignKey(
        Patient, on_delete=models.CASCADE, null=True, related_name="+", help_text="Made by it"
    )
    appointment = models.ForeignKey(
        Appointment, on_delete=models.CASCADE, null=True, related_name="+", help_text="Made by it"
    )
    twin = models.ForeignKey(
        Patient, on_delete=models.SET_NULL, null=True, related_name="+", help_text="The record that it is like"
    )
    likeness = models.CharField(max_length=20, choices=Likeness, blank=True, db_default="", default="")
    choice = models.CharField(
        max_length=20, choices=Choice, db_default=Choice.LEAVE_OUT, default=Choice.LEAVE_OUT, help_text="If alike"
    )
    filled = models.JSONField(
        null=True, help_text="Contacts that it added to its twin: email or mobile -> a digest of the value"
    )

    class Meta:
        indexes = [
            models.Index(fields=["job", "verdict", "line"], name="import_line_verdict"),
            models.Index(fields=["key"], name="import_line_key"),
        ]
        constraints = [models.UniqueConstraint(fields=["job", "part", "line", "key"], name="import_line_once")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.line} {self.verdict}"

    @property
    def sentence(self) -> str:
        """Its detail, in the language of whoever reads it. Raises CannotOpen."""
        return sentence_of(self.detail)

    @property
    def choices(self) -> list[Choice]:
        """What somebody may choose for it."""
        if self.likeness in OF_RECORDS and self.twin_id is not None:
            return list(Choice)
        return [Choice.LEAVE_OUT, Choice.CREATE]
