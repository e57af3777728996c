"""A document of the library being filled in for one appointment, and what waits for a practitioner's signature.

Neither has bytes: the paper is made when it is looked at, and stored when it is shared.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments.models import Appointment
from documents.models.category import Category
from documents.models.library import LibraryVersion
from documents.models.shared import SharedDocument
from practices.models import SHARING_ROLES, OfPracticeQuerySet, Practice, Role
from sealing.columns import SealedTextField


class FillingDraft(models.Model):
    """What somebody has typed so far; theirs alone. Ends with the sharing, or after 30 days."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="filling_drafts")
    version = models.ForeignKey(LibraryVersion, on_delete=models.CASCADE, related_name="+")
    typed = SealedTextField(help_text="JSON: field of the form -> text")
    changed_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "appointment", "version"], name="filling_draft_once"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class TaskState(models.TextChoices):
    WAITING = "waiting", _("à signer")
    SENT_BACK = "sent_back", _("renvoyé")
    SIGNED = "signed", _("signé et partagé")
    WITHDRAWN = "withdrawn", _("retiré")


OPEN = (TaskState.WAITING, TaskState.SENT_BACK)


class TaskQuerySet(OfPracticeQuerySet["Task"]):
    def to_sign_by(self, user: User) -> TaskQuerySet:
        """Prepared for this practitioner, where they still are one. Nobody else ever signs them."""
        return self.of_staff(user, Role.PRACTITIONER).filter(practitioner=user)

    def of_sharers(self, user: User) -> TaskQuerySet:
        """Those that the user may see and correct: of the practices where the user shares."""
        return self.of_staff(user, *SHARING_ROLES)

    def open(self) -> TaskQuerySet:
        return self.filter(state__in=OPEN)

    def awaiting(self, user: User) -> TaskQuerySet:
        """Those that need the user now: to sign, or sent back to who prepared them."""
        return self.filter(
            Q(state=TaskState.WAITING, practitioner=user) | Q(state=TaskState.SENT_BACK, prepared_by=user)
        )


class Task(models.Model):
    """The intention to share one document, signed: prepared by somebody who shares, for a practitioner to sign.

    `looked_mark`: what exactly the practitioner has looked at (documents/to_sign/looking.py). `page`: null for the
    last one; `x`, `y`, `width` as signing.pdf.placement.Placement.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, related_name="+", db_index=False)
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="tasks")
    version = models.ForeignKey(LibraryVersion, on_delete=models.PROTECT, related_name="+")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+", db_index=False)
    title = models.CharField(_("titre"), max_length=255)
    answers = SealedTextField(blank=True, default="", help_text="JSON: blank -> text; emptied at the end")
    page = models.PositiveIntegerField(null=True, blank=True)
    x = models.FloatField()
    y = models.FloatField()
    width = models.FloatField()
    prepared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    practitioner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    prepared_at = models.DateTimeField(default=timezone.now)
    revision = models.PositiveIntegerField(default=1, help_text="Counts its changes")
    state = models.CharField(max_length=10, choices=TaskState, default=TaskState.WAITING)
    sentence = SealedTextField(blank=True, default="", help_text="Why it was sent back")
    settled_at = models.DateTimeField(null=True, blank=True, help_text="Signed, sent back or withdrawn")
    document = models.OneToOneField(
        SharedDocument, on_delete=models.SET_NULL, null=True, blank=True, related_name="task"
    )
    looked_at = models.DateTimeField(null=True, blank=True)
    looked_mark = models.CharField(max_length=64, blank=True, default="")

    objects = TaskQuerySet.as_manager()

    class Meta:
        ordering = ["prepared_at", "id"]
        indexes = [
            models.Index(fields=["practitioner", "practice"], condition=Q(state="waiting"), name="task_waiting_for"),
            models.Index(
                fields=["prepared_by", "practice"], condition=Q(state="sent_back"), name="task_sent_back_to"
            ),
            models.Index(fields=["practice", "-settled_at"], name="task_settled"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="waiting", settled_at=None) | (~Q(state="waiting") & Q(settled_at__isnull=False)),
                name="task_settled_unless_waiting",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN
