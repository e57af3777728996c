"""What stands in the way of a signature now, and what waits for whom."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import User
from appointments.recipients import Recipient, resolve, resolve_each
from documents.filling.filled import TemplateWithdrawn
from documents.models import Task
from documents.sharing.uploads import RecipientNotReady
from documents.to_sign.looking import newest_pictures, was_looked_at
from practices.models import Membership, Practice, Role
from practices.roles import may_sign


@dataclass(frozen=True)
class Standing:
    """What there is to say of a task now. `obstacle`: a sentence for whoever prepared it and whoever is to sign it;
    "" if nothing is in the way."""

    obstacle: str
    was_looked_at: bool


def standings(tasks: Sequence[Task]) -> dict[uuid.UUID, Standing]:
    """By task, in a few queries for all of them. Needs them with preparing.PARTS."""
    recipients = resolve_each(list({one.appointment_id: one.appointment for one in tasks}.values()))
    signers, newest = _signers_among(tasks), newest_pictures(tasks)
    return {
        task.pk: Standing(
            obstacle(task, recipients[task.appointment_id], signers=signers),
            was_looked_at(task, recipients[task.appointment_id], newest=newest),
        )
        for task in tasks
    }


def obstacle(
    task: Task, recipient: Recipient | None = None, *, signers: Collection[tuple[uuid.UUID, uuid.UUID]] | None = None
) -> str:
    """Needs the task with preparing.PARTS. `signers`: who signs in which practice, if the caller has read it."""
    signs = (
        may_sign(task.practitioner, task.practice)
        if signers is None
        else (task.practitioner_id, task.practice_id) in signers
    )
    if not signs:
        sentence = _("%(name)s ne signe plus dans ce cabinet. Choisissez un autre praticien, ou retirez ce document.")
        return sentence % {"name": task.practitioner}
    if task.version.document.archived_at is not None:
        return str(TemplateWithdrawn.words)
    recipient = recipient or resolve(task.appointment)
    return "" if recipient.is_ready else RecipientNotReady(recipient).sentence


def _signers_among(tasks: Sequence[Task]) -> set[tuple[uuid.UUID, uuid.UUID]]:
    """Practitioner and practice of those who sign there today: practices.roles.may_sign, for all of them."""
    held = Membership.objects.in_force().filter(
        user__in={one.practitioner_id for one in tasks},
        practice__in={one.practice_id for one in tasks},
        practice__suspended_at=None,
    )
    return set(held.filter(**{f"is_{Role.PRACTITIONER.value}": True}).values_list("user", "practice"))


def awaiting_count(user: User, practice: Practice) -> int:
    """How many of this practice need the user now: to sign, or sent back to who prepared them. One query over two
    small indexes; every page of staff asks it."""
    return Task.objects.filter(practice=practice).awaiting(user).count()


def signers_of(practice: Practice) -> list[User]:
    """Who may be asked to sign: its practitioners of today."""
    held = Membership.objects.in_force().filter(practice=practice, **{f"is_{Role.PRACTITIONER.value}": True})
    members = held.select_related("user").order_by("user__last_name", "user__first_name", "user_id")
    return [membership.user for membership in members]
