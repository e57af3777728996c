"""Whether patients and search engines find a practice by searching."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from audit.trail import record
from practices.models import Practice
from practices.roles import require_administrator


@transaction.atomic
def set_listed(*, practice: Practice, listed: bool, by: User) -> None:
    """Its page opens without this, too, while patients book there (appointments/public_practices.py). Raises
    NotAllowed."""
    practice = Practice.objects.select_for_update(of=("self",), no_key=True).get(pk=practice.pk)
    require_administrator(by, practice)
    if practice.is_listed == listed:
        return
    practice.is_listed = listed
    practice.save(update_fields=["is_listed", "find_text"])
    record("practice.listed" if listed else "practice.unlisted", by=by, on=practice, practice=practice)
