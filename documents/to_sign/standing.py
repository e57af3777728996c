"""What stands in the way of a signature now, and what waits for whom."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import User
from appointments.recipients import Recipient, resolve
from documents.filling.filled import TemplateWithdrawn
from documents.models import Task
from documents.sharing.uploads import RecipientNotReady
from practices.models import Membership, Practice, Role
from practices.roles import may_sign


def obstacle(task: Task, recipient: Recipient | None = None) -> str:
    """A sentence for whoever prepared it and whoever is to sign it; "" if nothing is in the way. Needs the task with
    preparing.PARTS."""
    if not may_sign(task.practitioner, task.practice):
        told = _("%(name)s ne signe plus dans ce cabinet. Choisissez un autre praticien, ou retirez ce document.")
        return told % {"name": task.practitioner}
    if task.version.document.archived_at is not None:
        return str(TemplateWithdrawn.words)
    recipient = recipient or resolve(task.appointment)
    return "" if recipient.is_ready else RecipientNotReady(recipient).sentence


def awaiting_count(user: User, practice: Practice) -> int:
    """How many of this practice need the user now: to sign, or sent back to who prepared them. One query over two
    small indexes; every page of staff asks it."""
    return Task.objects.filter(practice=practice).awaiting(user).count()


def signers_of(practice: Practice) -> list[User]:
    """Who may be asked to sign: its practitioners of today."""
    held = Membership.objects.in_force().filter(practice=practice, **{f"is_{Role.PRACTITIONER.value}": True})
    found = held.select_related("user").order_by("user__last_name", "user__first_name", "user_id")
    return [membership.user for membership in found]
