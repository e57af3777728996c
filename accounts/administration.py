"""What the operator changes of an account, as lines of the trail: which fields, never their values."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts.devices import forget_all
from accounts.models import User
from accounts.tokens import revoke_all
from audit.trail import record


@transaction.atomic
def note_account_created(*, user: User, by: User) -> None:
    record("account.created", by=by, on=user)


@transaction.atomic
def note_account_edited(*, user: User, fields: Sequence[str], by: User) -> None:
    """With another mobile, every device is new again. API tokens of an account that is switched off do not come back
    with it."""
    if not fields:
        return
    record("account.edited", by=by, on=user, detail={"fields": sorted(fields), "is_active": user.is_active})
    if "mobile" in fields:
        forget_all(user, by=by)
    if not user.is_active:
        revoke_all(user=user, by=by)


@transaction.atomic
def note_account_deleted(*, user: User, by: User) -> None:
    """Before it goes. Its practices read that they lost a member."""
    for membership in user.memberships.all():
        roles = sorted(role.value for role in membership.roles)
        record("member.removed", by=by, on=user, practice=membership.practice_id, detail={"roles": roles})
    record("account.deleted", by=by, on=user)
