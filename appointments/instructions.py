"""A practice's instructions for some appointments: which apply, and editing them."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.models import Agenda, Appointment, Instruction, VisitReason
from audit.trail import record
from practices.models import Practice
from practices.roles import require_administrator
from practices.texts import lines
from schema.composed import composed_once


def instructions_of(appointment: Appointment, *, for_messages: bool = False) -> list[str]:
    """The texts that apply to this appointment; with `for_messages`, only those allowed in emails."""
    return instructions_for(
        agenda=appointment.agenda, visit_reason=appointment.visit_reason, for_messages=for_messages
    )


def instructions_for(*, agenda: Agenda, visit_reason: VisitReason, for_messages: bool = False) -> list[str]:
    """As instructions_of, before the appointment exists."""
    return _texts(agenda.practice_id, agenda.pk, visit_reason.pk, for_messages)


@composed_once
def _texts(
    practice: uuid.UUID, agenda: uuid.UUID, visit_reason: uuid.UUID, for_messages: bool
) -> QuerySet[Instruction, str]:
    found = Instruction.objects.matching(practice=practice, agenda=agenda, visit_reason=visit_reason)
    return (found.filter(in_messages=True) if for_messages else found).values_list("text", flat=True)


@transaction.atomic
def save_instruction(
    *,
    practice: Practice,
    text: str,
    visit_reasons: Collection[VisitReason],
    agendas: Collection[Agenda],
    in_messages: bool,
    by: User,
    instruction: Instruction | None = None,
) -> Instruction:
    """Create or change one. No reasons: all; no agendas: all. Raises NotAllowed, ValidationError."""
    require_administrator(by, practice)
    for name, chosen in (("visit_reasons", visit_reasons), ("agendas", agendas)):
        if any(one.practice_id != practice.pk for one in chosen):
            raise ValidationError({name: _("Ce choix n’est pas de ce cabinet.")})
    instruction = instruction or Instruction(id=uuid.uuid4(), practice=practice)
    instruction.text, instruction.in_messages = lines(text), in_messages
    instruction.full_clean()
    instruction.save()
    instruction.visit_reasons.set(visit_reasons)
    instruction.agendas.set(agendas)
    record("practice.instruction_written", by=by, on=instruction, practice=practice)
    return instruction


@transaction.atomic
def delete_instruction(*, instruction: Instruction, by: User) -> None:
    """Raises NotAllowed."""
    require_administrator(by, instruction.practice)
    record("practice.instruction_deleted", by=by, on=instruction, practice=instruction.practice_id)
    instruction.delete()
