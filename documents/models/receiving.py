"""What a practice asks a patient for around an appointment, and the files that patients send.

Neither row names the patient: it is the appointment's, also after records became one or were separated again.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments.models import Appointment
from files.models import StoredFile
from practices.models import OfPracticeQuerySet, Practice


class RequestState(models.TextChoices):
    ASKED = "asked", _("demandé")
    RECEIVED = "received", _("reçu, à voir")
    ACCEPTED = "accepted", _("accepté")
    REFUSED = "refused", _("refusé, demandé de nouveau")
    CANCELLED = "cancelled", _("annulé")


# The patient is still to send something. Files are taken for these, and for RECEIVED until the practice has decided.
WAITS_FOR_PATIENT = (RequestState.ASKED, RequestState.REFUSED)
TAKES_FILES = (*WAITS_FOR_PATIENT, RequestState.RECEIVED)


class DocumentRequestQuerySet(OfPracticeQuerySet["DocumentRequest"]):
    def open(self) -> DocumentRequestQuerySet:
        return self.filter(state__in=TAKES_FILES)


class DocumentRequest(models.Model):
    """One thing that the practice asks for. `sentence`: why what came was refused the last time."""

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
    settled_at = models.DateTimeField(null=True, blank=True, help_text="Accepted or cancelled")

    objects = DocumentRequestQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "id"]
        indexes = [models.Index(fields=["practice", "-asked_at", "-id"], name="request_of_practice")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["accepted", "cancelled"], settled_at__isnull=False)
                | Q(state__in=["asked", "received", "refused"], settled_at=None),
                name="request_settled_at_its_end",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def takes_files(self) -> bool:
        return self.state in TAKES_FILES

    @property
    def waits_for_patient(self) -> bool:
        return self.state in WAITS_FOR_PATIENT

    @property
    def is_late(self) -> bool:
        return self.waits_for_patient and self.due_at is not None and self.due_at < timezone.now()


class SentAs(models.TextChoices):
    """By what right an account sent a file."""

    PATIENT = "patient", _("le patient")
    GUARDIAN = "guardian", _("responsable légal")
    HOLDER = "holder", _("la personne qui a pris le rendez-vous")


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
