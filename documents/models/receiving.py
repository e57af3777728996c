"""What a practice asks a patient for around an appointment, and the files that patients send.

Neither row names the patient: it is the appointment's, also after records became one or were separated again.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments.models import Appointment, AppointmentStatus
from documents.models.autosend import AutoSend, DocumentLink
from files.models import StoredFile
from practices.models import OfPracticeQuerySet, Practice
from questionnaires.models import QuestionnaireResponse, QuestionnaireVersion, ResponseState


class RequestState(models.TextChoices):
    ASKED = "asked", _("demandé")
    RECEIVED = "received", _("reçu, à voir")
    ACCEPTED = "accepted", _("accepté")
    REFUSED = "refused", _("refusé, demandé de nouveau")
    CANCELLED = "cancelled", _("annulé")
    EXPIRED = "expired", _("expiré")


# The patient is still to send something. Files are taken for these, and for RECEIVED until the practice has decided.
WAITS_FOR_PATIENT = (RequestState.ASKED, RequestState.REFUSED)
TAKES_FILES = (*WAITS_FOR_PATIENT, RequestState.RECEIVED)


class SentAs(models.TextChoices):
    """By what right an account sent a file."""

    PATIENT = "patient", _("le patient")
    GUARDIAN = "guardian", _("responsable légal")
    HOLDER = "holder", _("la personne qui a pris le rendez-vous")


LATE_BEFORE = timedelta(hours=24)  # nothing has come, and the appointment is this near
TIME_TO_ANSWER = timedelta(hours=4)  # what was asked since is not late for being asked near the appointment
KEPT_OPEN = timedelta(days=30)  # after its appointment, a request that nobody answered closes by itself


class DocumentRequestQuerySet(OfPracticeQuerySet["DocumentRequest"]):
    def open(self) -> DocumentRequestQuerySet:
        return self.filter(state__in=TAKES_FILES)

    def unseen_answers(self) -> DocumentRequestQuerySet:
        """Answers to a questionnaire that staff have not opened yet."""
        return self.filter(response__isnull=False, seen_at=None)

    def with_begun(self) -> DocumentRequestQuerySet:
        """Each with `begun`: whether an account has a draft of answers."""
        drafts = QuestionnaireResponse.objects.filter(
            appointment=OuterRef("appointment"), version=OuterRef("version"), state=ResponseState.IN_PROGRESS
        )
        return self.annotate(begun=Exists(drafts))

    def waiting_for_patient(self) -> DocumentRequestQuerySet:
        return self.filter(state__in=WAITS_FOR_PATIENT)

    def late(self) -> DocumentRequestQuerySet:
        """It still waits for the patient, and its limit is past or its appointment has begun; or that is near, and
        the patient had hours to answer."""
        now = timezone.now()
        near = Q(appointment__starts_at__lt=now + LATE_BEFORE, asked_at__lt=now - TIME_TO_ANSWER)
        passed = Q(due_at__lt=now) | Q(appointment__starts_at__lt=now) | near
        return self.waiting_for_patient().filter(passed, appointment__status=AppointmentStatus.BOOKED)


class DocumentRequest(models.Model):
    """One thing that the practice asks for: files, or the answers to a questionnaire (docs/decisions/0049).

    `sentence`: why what came was refused the last time. `response`: the answers, once they are sent; until then each
    account has a draft of its own. `seen_at`, `answered_as`: of these answers.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, related_name="+", db_index=False)
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="document_requests")
    label = models.CharField(_("document demandé"), max_length=120)
    details = models.TextField(_("précisions"), max_length=1_000, blank=True, default="")
    due_at = models.DateTimeField(_("à envoyer avant"), null=True, blank=True)
    state = models.CharField(max_length=10, choices=RequestState, default=RequestState.ASKED)
    sentence = models.TextField(blank=True, default="")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    auto_send = models.OneToOneField(
        AutoSend, on_delete=models.SET_NULL, null=True, blank=True, related_name="request", help_text="Of a rule"
    )
    settled_at = models.DateTimeField(null=True, blank=True, help_text="Accepted, cancelled or expired")
    version = models.ForeignKey(
        QuestionnaireVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="requests"
    )
    response = models.OneToOneField(
        QuestionnaireResponse, on_delete=models.RESTRICT, null=True, blank=True, related_name="request"
    )
    answered_as = models.CharField(max_length=10, choices=SentAs, blank=True, default="", db_default="")
    seen_at = models.DateTimeField(null=True, blank=True, help_text="Answers first opened by staff")
    reminded_at = models.DateTimeField(null=True, blank=True, help_text="Once; a moved appointment begins anew")

    objects = DocumentRequestQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "id"]
        indexes = [
            models.Index(fields=["practice", "-asked_at", "-id"], name="request_of_practice"),
            models.Index(
                fields=["practice"],
                condition=Q(response__isnull=False, seen_at=None),
                name="request_unseen_answers",
            ),
            models.Index(fields=["practice"], condition=Q(state__in=["asked", "refused"]), name="request_unanswered"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["accepted", "cancelled", "expired"], settled_at__isnull=False)
                | Q(state__in=["asked", "received", "refused"], settled_at=None),
                name="request_settled_at_its_end",
            ),
            models.CheckConstraint(
                condition=Q(response=None, seen_at=None, answered_as="")
                | Q(response__isnull=False, version__isnull=False, state="accepted"),
                name="request_answered_is_accepted",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_questionnaire(self) -> bool:
        return self.version_id is not None

    @property
    def is_open(self) -> bool:
        return self.state in TAKES_FILES

    @property
    def takes_files(self) -> bool:
        return self.is_open and not self.is_questionnaire

    @property
    def waits_for_patient(self) -> bool:
        return self.state in WAITS_FOR_PATIENT

    @property
    def is_late(self) -> bool:
        return self.waits_for_patient and self.due_at is not None and self.due_at < timezone.now()

    @property
    def limit(self) -> datetime:
        """Until when it is of use."""
        return self.due_at or self.appointment.starts_at


class ReceivedState(models.TextChoices):
    WAITING = "received", _("à voir")
    ACCEPTED = "accepted", _("accepté")
    REFUSED = "refused", _("refusé")


class ReceivedDocumentQuerySet(OfPracticeQuerySet["ReceivedDocument"]):
    def waiting(self) -> ReceivedDocumentQuerySet:
        """Those that staff are still to accept or refuse."""
        return self.filter(state=ReceivedState.WAITING)


class ReceivedDocument(models.Model):
    """A file that a patient sent. Who sees it: documents/receiving/access.py."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, related_name="+", db_index=False)
    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="received_documents")
    request = models.ForeignKey(
        DocumentRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="received"
    )
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="received_document")
    name = models.CharField(max_length=255, help_text="The file's name, for downloads")
    page_count = models.PositiveIntegerField(null=True, blank=True)
    notices = models.JSONField(default=list, blank=True, help_text="Codes of files.notices")
    sent_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="documents_sent", help_text="Null: a link"
    )
    link = models.ForeignKey(
        DocumentLink, on_delete=models.SET_NULL, null=True, blank=True, related_name="received", help_text="By which"
    )
    sent_as = models.CharField(max_length=10, choices=SentAs)
    received_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(null=True, blank=True, help_text="First opened by staff")
    state = models.CharField(max_length=10, choices=ReceivedState, default=ReceivedState.WAITING)
    sentence = models.TextField(blank=True, default="", help_text="Why it was refused")
    settled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True, help_text="Accepted or refused")

    objects = ReceivedDocumentQuerySet.as_manager()

    class Meta:
        ordering = ["received_at", "id"]
        indexes = [
            models.Index(fields=["practice", "-received_at", "-id"], name="received_of_practice"),
            models.Index(fields=["practice"], condition=Q(state="received"), name="received_waiting"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="received", settled_at=None) | Q(~Q(state="received"), settled_at__isnull=False),
                name="received_settled_unless_waiting",
            ),
            models.CheckConstraint(
                condition=Q(state="received") | Q(seen_at__isnull=False), name="received_seen_before_settled"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def title(self) -> str:
        """What it is called on pages: what was asked for, otherwise the name of the file."""
        return self.request.label if self.request else self.name

    @property
    def on_behalf(self) -> bool:
        return self.sent_as != SentAs.PATIENT
