"""Whether patients may send documents that the practice did not ask for."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from audit.trail import record
from practices.models import Practice
from practices.roles import require_administrator


@transaction.atomic
def take_unasked(*, practice: Practice, takes: bool, by: User) -> None:
    """What came stays when it is switched off. Raises NotAllowed."""
    practice = Practice.objects.select_for_update(of=("self",), no_key=True).get(pk=practice.pk)
    require_administrator(by, practice)
    if practice.takes_unasked == takes:
        return
    practice.takes_unasked = takes
    practice.save(update_fields=["takes_unasked"])
    record("practice.unasked_changed", by=by, on=practice, practice=practice, detail={"takes": takes})
