"""An operator makes a practice, for themselves or for an administrator invited by email, and renames it."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from accounts.operators import require_operator
from audit.trail import record
from practices.colleagues import Identity, invite_administrator
from practices.members import add_member
from practices.models import Practice, Role
from practices.texts import one_line


@transaction.atomic
def found_practice(
    *, name: str, time_zone: str, language: str, administrator: Identity | None = None, by: User | None
) -> Practice:
    """A new practice. Its administrator is `by`, or whoever is invited as `administrator`.

    `by` is an operator; None for a command on the machine, which adds the administrator itself. Raises NotOperator,
    ValidationError.
    """
    if by is not None:
        require_operator(by)
    practice = Practice(name=one_line(name), time_zone=time_zone, language=language)
    practice.full_clean()
    practice.save()
    record("practice.founded", by=by, on=practice, practice=practice)
    if administrator:
        assert by is not None, "An invitation names who invites."
        invite_administrator(practice=practice, identity=administrator, by=by)
    elif by is not None:
        add_member(user=by, practice=practice, roles=[Role.ADMIN], by=by)
    return practice


@transaction.atomic
def rename_practice(*, practice: Practice, name: str, by: User) -> None:
    """By an operator. Raises NotOperator, ValidationError."""
    require_operator(by)
    practice.name = one_line(name)
    practice.full_clean()
    practice.save(update_fields=["name", "find_text"])
    record("practice.edited", by=by, on=practice, practice=practice, detail={"fields": ["name"]})
