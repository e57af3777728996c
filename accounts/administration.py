"""What the operator changes of an account or a practice, as lines of the trail: which fields, never their values."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.devices import forget_all
from accounts.members import remove_member
from accounts.models import Practice, User
from accounts.roles import NotAllowed, may_administer
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


@transaction.atomic
def note_practice_edited(*, practice: Practice, fields: Sequence[str], by: User) -> None:
    if fields:
        record("practice.edited", by=by, on=practice, practice=practice, detail={"fields": sorted(fields)})


@transaction.atomic
def set_discreet_name(*, practice: Practice, name: str, email: str, by: User) -> None:
    """How messages call the practice, and where answers to them go; "" for its own name, and for what
    Practice.reply_address says. Raises NotAllowed, ValidationError."""
    if not may_administer(by, practice):
        raise NotAllowed(_("Seul un administrateur du cabinet change ces réglages."))
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
