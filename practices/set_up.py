"""The checklist that leads a new practice to its first document: shown until an administrator puts it away."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.trail import record
from practices.models import Practice
from practices.roles import require_administrator


@transaction.atomic
def put_checklist_away(*, practice: Practice, by: User) -> None:
    """Stop proposing the checklist on the agenda; its page stays. Raises NotAllowed."""
    _set(practice, by, away=True)


@transaction.atomic
def bring_checklist_back(*, practice: Practice, by: User) -> None:
    """Propose the checklist on the agenda again. Raises NotAllowed."""
    _set(practice, by, away=False)


def _set(practice: Practice, by: User, *, away: bool) -> None:
    practice = Practice.objects.select_for_update(of=("self",), no_key=True).get(pk=practice.pk)
    require_administrator(by, practice)
    if (practice.set_up_at is not None) == away:
        return
    practice.set_up_at = timezone.now() if away else None
    practice.save(update_fields=["set_up_at"])
    record(
        "practice.checklist_put_away" if away else "practice.checklist_brought_back",
        by=by,
        on=practice,
        practice=practice,
    )
