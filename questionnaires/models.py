"""Questionnaires of a practice, their versions, and the answers of patients. JSON is FHIR R4, as text."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments.models import Appointment
from practices.columns import practice_column
from practices.models import OfPracticeQuerySet, Practice
from questionnaires.fhir.items import Questions
from questionnaires.fhir.reading import LONGEST_TITLE, read_questionnaire
from sealing.columns import SealedTextField

Json = dict[str, Any]
DRAFTS_LAST = timedelta(days=30)  # after the last change; patients read it on the first page


class QuestionnaireQuerySet(OfPracticeQuerySet["Questionnaire"]):
    def in_use(self) -> QuestionnaireQuerySet:
        return self.filter(archived_at=None)

    def with_current(self) -> QuestionnaireQuerySet:
        """Each with its newest version alone, in one more statement."""
        later = QuestionnaireVersion.objects.filter(
            questionnaire=OuterRef("questionnaire"), number__gt=OuterRef("number")
        )
        newest = QuestionnaireVersion.objects.filter(~Exists(later))
        return self.prefetch_related(Prefetch("versions", newest))


class Questionnaire(models.Model):
    """`draft`: the next version while somebody edits it; empty otherwise. Patients see versions only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, related_name="questionnaires")
    title = models.CharField(_("titre"), max_length=LONGEST_TITLE)
    draft = models.TextField(blank=True, default="", db_default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = QuestionnaireQuerySet.as_manager()

    class Meta:
        verbose_name = _("questionnaire")
        verbose_name_plural = _("questionnaires")
        ordering = ["title", "id"]
        indexes = [models.Index(fields=["practice", "title", "id"], name="questionnaire_by_title")]

    def __str__(self) -> str:
        return self.title

    @property
    def current(self) -> QuestionnaireVersion | None:
        """The newest version; None before the first."""
        return self.versions.first()

    @property
    def edited(self) -> Json:
        """The resource that the editor shows: the draft, or the newest version."""
        kept = self.draft or (self.current.resource if self.current else "")
        return dict(json.loads(kept))

    @property
    def canonical_url(self) -> str:
        """Never the address of another publisher: a changed questionnaire is not theirs any more."""
        return f"urn:uuid:{self.pk}"


class QuestionnaireVersion(models.Model):
    """Never changed: an answer names it by url|version."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    questionnaire = models.ForeignKey(Questionnaire, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    resource = models.TextField(help_text="FHIR R4 Questionnaire")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["questionnaire", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["questionnaire", "number"], name="questionnaire_version_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="questionnaire_version_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.questionnaire_id} v{self.number}"

    @cached_property
    def questions(self) -> Questions:
        return read_questionnaire(json.loads(self.resource))

    @property
    def canonical(self) -> str:
        return f"{self.questionnaire.canonical_url}|{self.number}"


class ResponseState(models.TextChoices):
    IN_PROGRESS = "in-progress", _("en cours")
    COMPLETED = "completed", _("terminé")


class QuestionnaireResponse(models.Model):
    """`author`: the account that fills it in, for itself or for the appointment's patient."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = practice_column()
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="questionnaire_responses")
    version = models.ForeignKey(QuestionnaireVersion, on_delete=models.PROTECT, related_name="responses")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=20, choices=ResponseState.choices, default=ResponseState.IN_PROGRESS)
    answers = SealedTextField(help_text="FHIR R4 QuestionnaireResponse")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["id"], condition=Q(practice=None), name="response_without_practice")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="completed", completed_at__isnull=False)
                | Q(state="in-progress", completed_at__isnull=True),
                name="questionnaire_response_completed_at",
            ),
            models.UniqueConstraint(
                fields=["appointment", "version", "author"],
                condition=Q(state="in-progress"),
                name="questionnaire_one_draft",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.state}"

    @property
    def lapses_at(self) -> datetime:
        """When it is deleted unless it is sent."""
        return self.changed_at + DRAFTS_LAST
