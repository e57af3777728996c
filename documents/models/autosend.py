"""Rules that send documents of the library automatically, and each sending that they planned or made."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments.models import Agenda, Appointment, HolderAuthorisation, VisitReason
from documents.models.library import LibraryDocument
from documents.models.shared import SharedDocument
from patients.models import Patient
from practices.columns import practice_column
from practices.models import OfPracticeQuerySet, Practice
from questionnaires.models import Questionnaire

if TYPE_CHECKING:
    from documents.models.receiving import DocumentRequest


class Moment(models.TextChoices):
    BOOKING = "booking", _("à la prise de rendez-vous")
    BEFORE = "before", _("avant le rendez-vous")
    AFTER = "after", _("après le rendez-vous")


class AutoSendRuleQuerySet(OfPracticeQuerySet["AutoSendRule"]):
    def kept(self) -> AutoSendRuleQuerySet:
        return self.filter(deleted_at=None)

    def matching(self, appointment: Appointment) -> AutoSendRuleQuerySet:
        """Active rules for the appointment's reason and agenda (a rule without reasons or agendas: all)."""
        rules = self.kept().filter(practice=appointment.practice_id, is_active=True)
        return rules.filter(
            Q(pk__in=rules.filter(visit_reasons=appointment.visit_reason_id).values("pk"))
            | Q(visit_reasons__isnull=True),
        ).filter(Q(pk__in=rules.filter(agendas=appointment.agenda_id).values("pk")) | Q(agendas__isnull=True))


class AutoSendRule(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, related_name="auto_send_rules")
    name = models.CharField(_("nom"), max_length=200)
    documents = models.ManyToManyField(LibraryDocument, related_name="rules", verbose_name=_("documents"))
    visit_reasons = models.ManyToManyField(VisitReason, blank=True, related_name="+", verbose_name=_("motifs"))
    agendas = models.ManyToManyField(Agenda, blank=True, related_name="+", verbose_name=_("agendas"))
    moment = models.CharField(_("moment"), max_length=10, choices=Moment, default=Moment.BOOKING)
    offset_hours = models.PositiveIntegerField(
        _("heures d’écart"), default=0, validators=[MaxValueValidator(24 * 365)]
    )
    by_email = models.BooleanField(_("par e-mail"), default=True)
    by_sms = models.BooleanField(_("par SMS"), default=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, help_text="What it sent stays, with its name")

    objects = AutoSendRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("règle d’envoi automatique")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(by_email=True) | Q(by_sms=True), name="rule_has_a_channel"),
            models.CheckConstraint(condition=Q(moment__in=["booking", "before", "after"]), name="rule_moment_known"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def asks(self) -> list[RuleQuestion]:
        """What it asks today."""
        return [one for one in self.questions.all() if one.removed_at is None]


class RuleQuestionQuerySet(models.QuerySet["RuleQuestion"]):
    def kept(self) -> RuleQuestionQuerySet:
        return self.filter(removed_at=None)


class RuleQuestion(models.Model):
    """What a rule asks the patient for, beside or instead of the documents that it sends.

    Its words may be corrected: it stays the same question, and is not asked again where it was asked.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    rule = models.ForeignKey(AutoSendRule, on_delete=models.CASCADE, related_name="questions")
    label = models.CharField(_("document demandé"), max_length=120)
    questionnaire = models.ForeignKey(
        Questionnaire,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="To answer, in its newest version; null: files are asked for",
    )
    details = models.TextField(_("précisions"), max_length=1_000, blank=True, default="")
    days_before = models.PositiveSmallIntegerField(
        _("jours avant le rendez-vous"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(365)],
        help_text="Until the end of that day; null: no limit",
    )
    rank = models.PositiveSmallIntegerField(default=0)
    removed_at = models.DateTimeField(null=True, blank=True, help_text="What it asked stays")

    objects = RuleQuestionQuerySet.as_manager()

    class Meta:
        ordering = ["rank", "id"]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def words(self) -> str:
        """As of documents.sending.rules.Asks."""
        return self.label

    @property
    def can_be_asked(self) -> bool:
        """Not while its questionnaire is archived."""
        return self.questionnaire is None or self.questionnaire.archived_at is None


class LinkEnd(models.TextChoices):
    STAFF = "staff", _("fermé par le cabinet")
    CONTACTS_CHANGED = "contacts_changed", _("coordonnées modifiées")
    AUTHORISATION_WITHDRAWN = "authorisation_withdrawn", _("autorisation retirée")


class DocumentLink(models.Model):
    """A link to the documents of one sending, without an account. Its address is the id, with an HMAC.

    It depends on the contacts it was sent to and on the authorisation under which it was sent, and ends with either
    (documents/sending/links.py).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = practice_column()
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="document_links")
    created_at = models.DateTimeField(default=timezone.now)
    email = models.EmailField(null=True, blank=True, help_text="Sent to this address; null: not by email")
    mobile = models.CharField(max_length=16, null=True, blank=True, help_text="Sent to this number; null: not by SMS")
    holder = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        help_text="Null: to the patient",
    )
    authorisation = models.ForeignKey(
        HolderAuthorisation, on_delete=models.RESTRICT, null=True, blank=True, db_index=False, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=30, choices=LinkEnd, blank=True, db_default="")

    class Meta:
        indexes = [  # only few links are a holder's
            models.Index(fields=["holder"], condition=Q(holder__isnull=False), name="link_holder"),
            models.Index(
                fields=["authorisation"], condition=Q(authorisation__isnull=False), name="link_authorisation"
            ),
            models.Index(fields=["id"], condition=Q(practice=None), name="link_without_practice"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def owner(self) -> User | Patient:
        """The owner of the contacts that it was sent to."""
        return self.holder or self.appointment.patient


class AutoSendState(models.TextChoices):
    PLANNED = "planned", _("prévu")
    SENT = "sent", _("envoyé")
    CANCELLED = "cancelled", _("annulé")
    FAILED = "failed", _("échec")


class AutoSendQuerySet(models.QuerySet["AutoSend"]):
    def due(self, now: datetime) -> AutoSendQuerySet:
        """Planned and due, neither delayed for a retry nor claimed by a worker, of practices that are not
        suspended."""
        free = Q(retry_at__isnull=True) | Q(retry_at__lte=now)
        may_leave = Q(appointment__practice__suspended_at=None)
        return self.filter(free, may_leave, state=AutoSendState.PLANNED, due_at__lte=now)


class Part(NamedTuple):
    """What of a rule one sending sends: a document of the library, or a question; the other is None."""

    document_id: uuid.UUID | None
    question_id: uuid.UUID | None


class AutoSend(models.Model):
    """One document or question of one rule for one appointment: sent once, whatever crashes. What a question asked
    is its `request`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = practice_column()
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="auto_sends")
    rule = models.ForeignKey(AutoSendRule, on_delete=models.PROTECT, related_name="sendings")
    document = models.ForeignKey(
        LibraryDocument, on_delete=models.PROTECT, null=True, blank=True, related_name="auto_sends"
    )
    question = models.ForeignKey(
        RuleQuestion, on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="sendings"
    )
    state = models.CharField(max_length=10, choices=AutoSendState, default=AutoSendState.PLANNED)
    due_at = models.DateTimeField()
    retry_at = models.DateTimeField(null=True, blank=True, help_text="Not before: a worker has it, or it did not go")
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    stopped_by_staff = models.BooleanField(default=False, help_text="“Ne pas envoyer”: no rule plans it again")
    shared = models.OneToOneField(
        SharedDocument, on_delete=models.SET_NULL, null=True, blank=True, related_name="auto_send"
    )
    link = models.ForeignKey(DocumentLink, on_delete=models.SET_NULL, null=True, blank=True, related_name="sendings")
    rank = models.PositiveSmallIntegerField(default=0, help_text="Its place on the link's page, from 1")

    objects = AutoSendQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="planned"), name="auto_send_due"),
            # Of the rules of one practice in turn with others (documents/sending/claiming.py).
            models.Index(fields=["rule", "due_at", "id"], condition=Q(state="planned"), name="auto_send_turn"),
            models.Index(fields=["practice", "due_at"], condition=Q(state="failed"), name="auto_send_failed_of"),
            models.Index(
                fields=["practice", "due_at"],
                condition=Q(state="planned", retry_at__isnull=False),
                name="auto_send_blocked_of",
            ),
            models.Index(fields=["id"], condition=Q(practice=None), name="auto_send_without_practice"),
            models.Index(fields=["question"], condition=Q(question__isnull=False), name="auto_send_question"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["appointment", "rule", "document"], name="auto_send_once_per_appointment_and_rule"
            ),
            models.UniqueConstraint(
                fields=["appointment", "rule", "question"],
                condition=Q(question__isnull=False),
                name="auto_send_asks_once",
            ),
            models.CheckConstraint(
                condition=Q(document__isnull=False, question=None) | Q(document=None, question__isnull=False),
                name="auto_send_document_or_question",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="auto_send_sent_has_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} ({self.state})"

    @property
    def part(self) -> Part:
        return Part(self.document_id, self.question_id)

    @property
    def title(self) -> str:
        """Of the document, or what is asked."""
        return self.document.title if self.document else self.question.label if self.question else ""

    @property
    def asked(self) -> DocumentRequest | None:
        """What its question asked; None for a document, and for what was not asked yet."""
        return getattr(self, "request", None)

    @property
    def may_be_sent_again(self) -> bool:
        """Sent; and what it asked is still waited for."""
        return self.state == AutoSendState.SENT and (self.asked is None or self.asked.waits_for_patient)

    @property
    def was_given_up(self) -> bool:
        """Whether it was sent, but every message about it was given up."""
        if self.state != AutoSendState.SENT or self.shared is None:
            return False
        return {message.state for message in self.shared.messages.all()} - {"called_off"} == {"failed"}
