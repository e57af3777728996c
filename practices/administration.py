"""What is changed of a practice itself, as lines of the trail: which fields, never their values."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from django.db import transaction

from accounts.models import User
from audit.trail import record
from practices.members import remove_member
from practices.models import Practice
from practices.roles import require_administrator


@transaction.atomic
def note_practice_edited(*, practice: Practice, fields: Sequence[str], by: User) -> None:
    if fields:
        record("practice.edited", by=by, on=practice, practice=practice, detail={"fields": sorted(fields)})


@transaction.atomic
def set_discreet_name(*, practice: Practice, name: str, email: str, by: User) -> None:
    """How messages call the practice, and where answers to them go; "" for its own name, and for what
    Practice.reply_address says. Raises NotAllowed, ValidationError."""
    require_administrator(by, practice)
    visible = "".join(one for one in name if unicodedata.category(one) != "Cf")  # marks that nobody sees
    name = unicodedata.normalize("NFC", " ".join(visible.split()))
    new = {"discreet_name": name, "discreet_email": email}
    fields = [field for field, value in new.items() if getattr(practice, field) != value]
    if not fields:
        return
    for field in fields:
        setattr(practice, field, new[field])
    practice.full_clean(exclude=["name"])
    practice.save(update_fields=fields)
    note_practice_edited(practice=practice, fields=fields, by=by)


@transaction.atomic
def note_practice_deleted(*, practice: Practice, by: User) -> None:
    """Before it goes: one that holds nothing but members and settings. Its members read that it is gone."""
    for membership in practice.memberships.select_related("user", "practice"):
        remove_member(membership=membership, by=by)
    record("practice.deleted", by=by, on=practice, practice=practice)
