"""Records changes of a practice in the trail: which fields, never their values."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts.models import User
from audit.trail import record
from practices.members import remove_all_members
from practices.models import Practice


@transaction.atomic
def note_practice_edited(*, practice: Practice, fields: Sequence[str], by: User) -> None:
    if fields:
        record("practice.edited", by=by, on=practice, practice=practice, detail={"fields": sorted(fields)})


@transaction.atomic
def note_practice_deleted(*, practice: Practice, by: User) -> None:
    """Record the deletion of a practice that has only members and settings. Call it before; its members see
    the line."""
    remove_all_members(practice=practice, by=by)
    record("practice.deleted", by=by, on=practice, practice=practice)
