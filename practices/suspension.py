"""An operator suspends a practice, and lifts the suspension (docs/decisions/0035-suspending-a-practice.md).

While a practice is suspended its staff have no right in it (`MembershipQuerySet.held_by`), nobody books, and nothing
leaves in its name: messages, automatic sendings, reminders and webhooks wait. Patients go on reading what was shared.
"""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.operators import require_operator
from audit.trail import record
from notifications.models import Message, MessageState
from notifications.outbox import call_off
from practices.members import lock_members
from practices.models import Practice
from practices.signals import suspension_lifted
from practices.texts import lines

LONGEST_REASON = 500  # characters


@transaction.atomic
def suspend(*, practice: Practice, reason: str, by: User) -> None:
    """By an operator. `reason`: for the practice's staff, in words. Suspending again replaces the reason.

    Raises NotOperator, ValidationError."""
    require_operator(by)
    lock_members(practice)
    written = lines(reason)
    if not written:
        raise ValidationError({"reason": _("Écrivez pourquoi : l’équipe du cabinet le lit.")})
    if len(written) > LONGEST_REASON:
        raise ValidationError(
            {"reason": _("C’est trop long : abrégez, %(most)d caractères au plus.") % {"most": LONGEST_REASON}}
        )
    practice.refresh_from_db(fields=["suspended_at", "suspension_reason"])
    if practice.is_suspended and practice.suspension_reason == written:
        return
    reworded = practice.is_suspended
    practice.suspended_at = practice.suspended_at or timezone.now()
    practice.suspension_reason = written
    practice.save(update_fields=["suspended_at", "suspension_reason"])
    if reworded:
        record("practice.suspension_reworded", by=by, on=practice, practice=practice)
    else:
        record("practice.suspended", by=by, on=practice, practice=practice)


@transaction.atomic
def lift(*, practice: Practice, by: User) -> None:
    """By an operator. What waited leaves, except what is past by now, which is called off. Lifting twice changes
    nothing. Raises NotOperator."""
    require_operator(by)
    lock_members(practice)
    practice.refresh_from_db(fields=["suspended_at", "suspension_reason"])
    if not practice.is_suspended:
        return
    practice.suspended_at, practice.suspension_reason = None, ""
    practice.save(update_fields=["suspended_at", "suspension_reason"])
    record("practice.suspension_lifted", by=by, on=practice, practice=practice)
    suspension_lifted.send(sender=Practice, practice=practice)
    _release_messages(practice.pk)


def suspended_ids() -> list[uuid.UUID]:
    """Whose messages wait (notifications.models.WAITING_PRACTICES)."""
    return list(Practice.objects.suspended().values_list("pk", flat=True))


def _release_messages(practice: uuid.UUID) -> None:
    """Those that are past are called off; the others count as planned for now, so that none looks late."""
    now = timezone.now()
    waiting = Message.objects.filter(practice=practice, state=MessageState.QUEUED)
    call_off(waiting.filter(expires_at__lte=now))
    waiting.filter(due_at__lte=now, lease_until=None).update(due_at=now, planned_at=now)
