"""A calendar of other software that an agenda follows, and what became of each of its events."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments.models import Agenda, Appointment, VisitReason
from imports.reasons import sentence_of
from practices.models import OfPracticeQuerySet, Practice
from sealing.columns import CannotOpen, SealedTextField


class CalendarStage(models.TextChoices):
    CHECKING = "checking", _("Première lecture en cours, rien n’est encore créé")
    CHECKED = "checked", _("Vérifié, pas encore activé")
    ON = "on", _("Activé")


READ = (CalendarStage.CHECKING, CalendarStage.ON)


class CalendarSubscriptionQuerySet(OfPracticeQuerySet["CalendarSubscription"]):
    def due(self, now: datetime) -> CalendarSubscriptionQuerySet:
        """Those to read that no worker holds; none of a suspended practice."""
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        return self.filter(free, stage__in=READ, paused_at=None, due_at__lte=now, practice__suspended_at=None)

    def needing_attention(self) -> CalendarSubscriptionQuerySet:
        """Those that staff must see: something waits for their answer, or the last reading failed for a while."""
        return self.filter(Q(held_at__isnull=False) | Q(failing_since__lt=timezone.now() - FAILS_VISIBLY))


FAILS_VISIBLY = timedelta(hours=1)


class CalendarSubscription(models.Model):
    """`attempts` counts readings since the last one that succeeded."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="calendar_subscriptions")
    agenda = models.ForeignKey(Agenda, on_delete=models.CASCADE, related_name="+")
    visit_reason = models.ForeignKey(VisitReason, on_delete=models.SET_NULL, null=True, related_name="+")
    name = models.CharField(_("nom"), max_length=80)
    address = SealedTextField(help_text="Whoever knows it reads the calendar; encrypted at rest")
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    stage = models.CharField(max_length=20, choices=CalendarStage, default=CalendarStage.CHECKING)
    paused_at = models.DateTimeField(null=True, blank=True)
    held_at = models.DateTimeField(null=True, blank=True, help_text="Since when cancellations wait for staff")
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When staff last asked to read it now")
    last_read_at = models.DateTimeField(null=True, blank=True, help_text="The last reading that succeeded")
    full_at = models.DateTimeField(null=True, blank=True, help_text="The last one that received the whole calendar")
    last_changed_at = models.DateTimeField(null=True, blank=True, help_text="When a reading last changed something")
    failing_since = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True, default="")
    etag = models.CharField(max_length=200, blank=True, default="")
    modified = models.CharField(max_length=100, blank=True, default="", help_text="Last-Modified, as received")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    due_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    followed_since = models.DateTimeField(
        null=True, blank=True, help_text="The end of the first reading that made appointments"
    )

    objects = CalendarSubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendrier suivi")
        verbose_name_plural = _("calendriers suivis")
        ordering = ["name", "id"]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(stage__in=["checking", "on"], paused_at=None),
                name="calendar_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} ({self.stage})"

    @property
    def masked_address(self) -> str:
        """The host alone: the rest opens the calendar."""
        try:
            return f"{urlsplit(self.address).hostname}/…"
        except CannotOpen:
            return "…"


class ItemState(models.TextChoices):
    NEW = "new", _("nouveau")
    SAME = "same", _("déjà là")
    ALIKE = "alike", _("ressemblant")
    REFUSED = "refused", _("refusé")
    FOLLOWED = "followed", _("suivi")
    GONE = "gone", _("annulé avec le calendrier")
    KEPT = "kept", _("gardé par le cabinet")


class CalendarItem(models.Model):
    """One date of one event. Its times are those of the calendar when they were last followed, not those of the
    appointment: staff may have moved that since."""

    id = models.BigAutoField(primary_key=True)
    subscription = models.ForeignKey(
        CalendarSubscription, on_delete=models.CASCADE, related_name="items", db_index=False
    )
    key = models.CharField(max_length=64, help_text="Digest of UID and RECURRENCE-ID")
    series = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="Digest of UID; empty: not known"
    )
    content = models.CharField(max_length=64, blank=True, default="", help_text="Digest of what it says")
    state = models.CharField(max_length=10, choices=ItemState)
    detail = SealedTextField(blank=True, default="", help_text="Of imports/reasons.py: why it is refused or left out")
    starts_at = models.DateTimeField(null=True, help_text="As followed last; null: never")
    ends_at = models.DateTimeField(null=True, help_text="As followed last; null: as long as the reason says")
    says_at = models.DateTimeField(null=True, help_text="Its start in the calendar, also if refused")
    missing = models.PositiveSmallIntegerField(default=0, help_text="Whole readings in a row without it")
    is_held = models.BooleanField(default=False, help_text="Its cancellation or its move waits for staff")
    moves_to = models.DateTimeField(null=True, help_text="A move that waited, or waits, for staff (held_moves.py)")
    may_move = models.BooleanField(null=True, help_text="What staff said of it; null: nothing yet")
    is_first = models.BooleanField(
        default=False, db_default=False, help_text="The first reading that made appointments made its appointment"
    )
    appointment = models.OneToOneField(
        Appointment, on_delete=models.SET_NULL, null=True, related_name="calendar_item"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription", "key"], name="calendar_item_once"),
        ]
        indexes = [models.Index(fields=["subscription", "state"], name="calendar_item_state")]

    def __str__(self) -> str:
        return f"{self.subscription_id} {self.id} {self.state}"

    @property
    def sentence(self) -> str:
        """Its detail, in the language of whoever reads it. Raises CannotOpen."""
        return sentence_of(self.detail)
