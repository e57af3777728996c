"""Instructions of a practice for some appointments (consignes): bring this, come early."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from appointments.models.agenda import Agenda, VisitReason
from practices.models import OfPracticeQuerySet, Practice


class InstructionQuerySet(OfPracticeQuerySet["Instruction"]):
    def matching(self, *, practice: uuid.UUID, agenda: uuid.UUID, visit_reason: uuid.UUID) -> InstructionQuerySet:
        """Instructions for this reason and agenda (an instruction without reasons or agendas: all)."""
        instructions = self.filter(practice=practice)
        of_reason = Q(pk__in=instructions.filter(visit_reasons=visit_reason).values("pk")) | Q(
            visit_reasons__isnull=True
        )
        of_agenda = Q(pk__in=instructions.filter(agendas=agenda).values("pk")) | Q(agendas__isnull=True)
        return instructions.filter(of_reason).filter(of_agenda).distinct()


class Instruction(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="instructions")
    text = models.TextField(_("consigne"), max_length=2000)
    visit_reasons = models.ManyToManyField(VisitReason, blank=True, related_name="+", verbose_name=_("motifs"))
    agendas = models.ManyToManyField(Agenda, blank=True, related_name="+", verbose_name=_("agendas"))
    in_messages = models.BooleanField(
        _("aussi dans les e-mails de confirmation et de rappel"),
        default=True,
        help_text="Off where the text would say why somebody comes: it then shows in the account only",
    )

    objects = InstructionQuerySet.as_manager()

    class Meta:
        verbose_name = _("consigne")
        ordering = ["text"]

    def __str__(self) -> str:
        return self.text[:60]
