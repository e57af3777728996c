"""Accounts that can't sign in, for the operator: who is blocked, and how to let them in again."""

from __future__ import annotations

import uuid
from datetime import timedelta

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.counting import count_now, forget_count
from accounts.devices import forget_all
from accounts.models import User
from accounts.operators import require_operator
from accounts.tokens import revoke_all
from audit.models import AuditEvent
from audit.trail import record
from refusals import Kind, Refusal

MEANS = ("password", "factor")


class BlocksOperator(Refusal):
    """Operators are removed first, so that the last one stays."""

    code = "blocks_operator"
    kind = Kind.CONFLICT
    words = gettext_lazy("Un exploitant n’est pas bloqué : retirez-le d’abord des exploitants.")


def is_locked(user: User) -> bool:
    """Whether strangers' wrong tries have used up those of all unknown devices. Known devices and passkeys work."""
    most = settings.SIGN_IN_TRIES_AN_HOUR
    return any(count_now(f"{kind}:strangers", str(user.pk)) >= most for kind in MEANS)


def locked_accounts() -> list[uuid.UUID]:
    """The accounts that wrong tries lock now. The keys of counts are opaque, so accounts that failed lately are asked
    one by one."""
    since = timezone.now() - timedelta(hours=2)
    failed = AuditEvent.objects.filter(action="account.sign_in_failed", at__gt=since)
    lately = User.objects.filter(pk__in=set(failed.values_list("object_id", flat=True)))
    return [user.pk for user in lately if is_locked(user)]


@transaction.atomic
def unlock(*, user: User, by: User) -> None:
    """Let unknown devices try again, and a deactivated account sign in. Raises NotOperator."""
    require_operator(by)
    for kind in MEANS:
        forget_count(f"{kind}:strangers", str(user.pk))
    if not user.is_active and not user.is_erased:
        User.objects.filter(pk=user.pk).update(is_active=True)
    record("account.unlocked", by=by, on=user)


@transaction.atomic
def block(*, user: User, by: User) -> None:
    """Deactivate: its sessions and API tokens end now. Raises NotOperator, BlocksOperator."""
    require_operator(by)
    if user.is_superuser:
        raise BlocksOperator
    User.objects.filter(pk=user.pk).update(is_active=False)
    for session in UserSession.objects.filter(user=user):
        session.end()
    revoke_all(user=user, by=by)
    record("account.blocked", by=by, on=user)


@transaction.atomic
def remove_factors(*, user: User, by: User) -> None:
    """For somebody who lost their telephone or key, after the operator has checked who asks. Devices become unknown
    again. Raises NotOperator."""
    require_operator(by)
    for factor in Authenticator.objects.filter(user=user):
        factor.delete()
    forget_all(user, by=by)
