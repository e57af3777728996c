"""One file made available around one appointment, to one audience; and each reading of it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments.models import Appointment, HolderAuthorisation
from documents.models.category import Category
from documents.models.library import LibraryVersion
from files.models import StoredFile
from notifications.causes import WRONG_CONTACT, Cause
from notifications.models import Channel, Message, MessageState, SmsPolicy
from notifications.of_rows import reading_messages_of
from notifications.sms_numbers import unfit
from patients.models import Patient
from practices.columns import practice_column
from practices.models import Practice


class AudienceChoice(models.TextChoices):
    PATIENT = "patient", _("le patient")
    HOLDER = "holder", _("le titulaire du compte")


# What its recipient still sees (`SharedDocument.has_readers` for one document). A holder sees it by an authorisation
# that was not withdrawn, or because the patient was a minor on the day of the sharing, by the record's current birth
# date; and only if neither staff nor a corrected birth date ended the holder's access.
_AUTHORISED = Q(authorisation__isnull=False, authorisation__withdrawn_at=None)
_OF_A_MINOR = Q(authorisation=None, patient_was_minor=True)
WITH_READERS = Q(audience=AudienceChoice.PATIENT) | Q(holder_ended_at=None) & (_AUTHORISED | _OF_A_MINOR)


class SharedDocumentQuerySet(models.QuerySet["SharedDocument"]):
    def with_readers(self) -> SharedDocumentQuerySet:
        """Documents that their recipient still sees."""
        return self.filter(WITH_READERS)


class SharedDocument(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+", db_index=False)
    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="shared_documents")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="shared_documents")
    library_version = models.ForeignKey(
        LibraryVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="shared_documents"
    )
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(_("titre"), max_length=255)
    name = models.CharField(max_length=255, help_text="The file's name, for downloads")
    page_count = models.PositiveIntegerField(null=True, blank=True)
    audience = models.CharField(max_length=10, choices=AudienceChoice)
    holder = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="documents_held")
    authorisation = models.ForeignKey(
        HolderAuthorisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    holder_ended_at = models.DateTimeField(
        null=True, blank=True, help_text="The access of the holder, who booked for a minor, ended"
    )
    holder_ended_by_age = models.BooleanField(
        default=False,
        db_default=False,
        help_text="By a corrected birth date, the patient was an adult; another correction undoes it",
    )
    # By the record's current birth date: documents/sharing/corrections.py updates it after a correction.
    patient_was_minor = models.BooleanField(default=False, help_text="On the day of the sharing")
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    signed_at = models.DateTimeField(null=True, blank=True)
    signatures = models.JSONField(
        default=list, blank=True, help_text="Every signature in the file, as verified when it was shared"
    )
    was_repaired = models.BooleanField(default=False, help_text="Rewritten before signing: it was damaged")
    notices = models.JSONField(
        default=list,
        db_default=[],
        blank=True,
        help_text="What intake noticed or changed: codes of files.notices",
    )
    shared_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    shared_at = models.DateTimeField(default=timezone.now)
    replaced_at = models.DateTimeField(null=True, blank=True, help_text="Other bytes took the place of the first")
    reminded_at = models.DateTimeField(null=True, blank=True, help_text="Unread for days: said once more")
    first_read_at = models.DateTimeField(null=True, blank=True, help_text="By whom it was shared with")
    messages = models.ManyToManyField(Message, related_name="+")

    objects = SharedDocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document partagé")
        verbose_name_plural = _("documents partagés")
        indexes = [
            models.Index(fields=["patient", "-shared_at", "-id"]),
            models.Index(fields=["practice", "-shared_at", "-id"]),
            models.Index(
                fields=["practice", "shared_at"],
                condition=Q(first_read_at=None, reminded_at=None),
                name="shared_unread",
            ),
            models.Index(
                fields=["practice", "replaced_at"], condition=Q(replaced_at__isnull=False), name="shared_replaced"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(audience="patient", holder=None, authorisation=None)
                | Q(audience="holder", holder__isnull=False),
                name="shared_with_one_audience",
            ),
            models.CheckConstraint(
                condition=Q(library_version=None) | Q(signed_by=None), name="shared_library_is_never_signed"
            ),
            models.CheckConstraint(
                condition=Q(signed_by=None, signed_at=None) | Q(signed_by=F("shared_by"), signed_at__isnull=False),
                name="shared_signed_by_whoever_shares",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_signed(self) -> bool:
        return self.signed_at is not None

    @property
    def level(self) -> str:
        """The PAdES level of this site's own signature, the last one; empty without one."""
        return str(self.signatures[-1].get("level", "")) if self.is_signed and self.signatures else ""

    @property
    def has_readers(self) -> bool:
        """Whether its recipient still sees it. False if staff withdrew the holder's authorisation, ended the holder's
        access, or corrected the birth date by which the patient was a minor."""
        if self.audience == AudienceChoice.PATIENT:
            return True
        if self.holder_ended_at is not None:
            return False
        return self.patient_was_minor if self.authorisation is None else self.authorisation.withdrawn_at is None

    @property
    def all_messages(self) -> list[Message]:
        read: list[Message] | None = vars(self).get("messages_read")
        return list(self.messages.all()) if read is None else read

    @property
    def newest_messages(self) -> list[Message]:
        """The last message about it by each channel, email first; without messages that were called off."""
        newest: dict[str, Message] = {}
        for message in sorted(self.all_messages, key=lambda one: one.created_at):
            if message.state != MessageState.CALLED_OFF:
                newest[message.channel] = message
        return [newest[channel] for channel in Channel if channel in newest]

    @property
    def has_waiting_message(self) -> bool:
        """Whether a message about it waits to leave."""
        return any(message.state == MessageState.QUEUED for message in self.newest_messages)

    @property
    def can_be_chased(self) -> bool:
        """Whether it is unread and another message could arrive by some channel: none waits, and the last was not
        refused because of the current contact."""
        if self.first_read_at is not None or not self.has_readers:
            return False
        of = self.holder if self.audience == AudienceChoice.HOLDER else self.patient
        today = {Channel.EMAIL: of.email, Channel.SMS: of.mobile} if of else {}
        last = {message.channel: message for message in self.newest_messages}
        return any(to and not (channel in last and blocks(last[channel], to)) for channel, to in today.items())

    @property
    def needs_attention(self) -> bool:
        """Whether it is unread and some channel failed to reach its recipient (deliveries.py asks the database)."""
        unread = self.first_read_at is None and self.has_readers
        return unread and any(message.state == MessageState.FAILED for message in self.newest_messages)


# Reads the messages of all these documents at once: `all_messages` then asks nothing.
read_messages = reading_messages_of(SharedDocument.messages.through, "shareddocument")


def refused_for_good(message: Message, to: str) -> bool:
    """Whether another message to this contact would be refused again: the contact must change first."""
    if message.state != MessageState.FAILED or message.to != to:
        return False
    if message.cause == Cause.COUNTRY:  # unless the practice has since allowed this country
        return unfit(to, countries=SmsPolicy.countries_of(message.practice)) is not None
    return message.cause in WRONG_CONTACT


def blocks(message: Message, to: str) -> bool:
    """Whether this message blocks another one to this contact: it is still to leave, or was refused for good."""
    return message.state == MessageState.QUEUED or refused_for_good(message, to)


class ReadingMeans(models.TextChoices):
    VIEWED = "viewed", _("affiché")
    DOWNLOADED = "downloaded", _("téléchargé")
    ZIPPED = "zipped", _("téléchargé dans une archive")
    BY_LINK = "by_link", _("téléchargé par le lien du message")


class DocumentReading(models.Model):
    id = models.BigAutoField(primary_key=True)
    practice = practice_column()
    document = models.ForeignKey(SharedDocument, on_delete=models.CASCADE, related_name="readings")
    reader = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="Null: through a link"
    )
    means = models.CharField(max_length=10, choices=ReadingMeans)
    as_staff = models.BooleanField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["document", "at"]),
            models.Index(fields=["id"], condition=Q(practice=None), name="reading_without_practice"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {self.means}"
