"""Who works in a practice, and as what. Every change is in the trail (docs/security-cases.md, 53)."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.tokens import revoke_all
from audit.trail import record
from practices.models import Membership, Practice, Role


@transaction.atomic
def add_member(*, user: User, practice: Practice, roles: Collection[Role], by: User | None) -> Membership:
    """Raises ValidationError without a role, or if the account is a member already."""
    membership = Membership(user=user, practice=practice)
    _set_roles(membership, roles)
    membership.save()
    record("member.added", by=by, on=user, practice=practice, detail={"roles": _codes(roles)})
    return membership


@transaction.atomic
def change_roles(*, membership: Membership, roles: Collection[Role], by: User | None) -> None:
    """Raises ValidationError without a role. The same roles change nothing."""
    before = Membership.objects.select_for_update().get(pk=membership.pk).roles
    _set_roles(membership, roles)
    if before == frozenset(roles):
        return
    membership.save()
    record(
        "member.roles_changed",
        by=by,
        on=membership.user,
        practice=membership.practice,
        detail={"granted": _codes(set(roles) - before), "taken": _codes(before - set(roles))},
    )


@transaction.atomic
def remove_member(*, membership: Membership, by: User | None) -> None:
    """Out at the next request. API tokens end with the last practice: they do not come back with another one."""
    user, practice, roles = membership.user, membership.practice, membership.roles
    if not Membership.objects.filter(pk=membership.pk).delete()[0]:
        return
    record("member.removed", by=by, on=user, practice=practice, detail={"roles": _codes(roles)})
    if not user.memberships.exists():
        revoke_all(user=user, by=by)


def _set_roles(membership: Membership, roles: Collection[Role]) -> None:
    if not roles:
        raise ValidationError(_("Donnez au moins un rôle."))
    for role in Role:
        setattr(membership, f"is_{role.value}", role in roles)
    membership.full_clean()


def _codes(roles: Collection[Role]) -> list[str]:
    return sorted(role.value for role in roles)
