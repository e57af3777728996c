"""Members of a practice and their roles. Every change is recorded in the trail (docs/security-cases.md, 53)."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.sessions import end_sessions
from accounts.tokens import revoke_all
from audit.trail import DetailValue, record
from notifications.models import Message
from notifications.outbox import call_off
from practices.models import ColleagueInvitation, InvitationEnd, Membership, Practice, Role
from practices.periods import Period
from refusals import Kind, Refusal

ROLE_FIELDS = [f"is_{role.value}" for role in Role]
NO_BOUND = Period()


class LastAdministrator(Refusal):
    """The practice would be left without an administrator whose access has no end."""

    code = "last_administrator"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "C’est le dernier administrateur du cabinet. Donnez d’abord ce rôle, sans date de fin, à un autre membre."
    )


@transaction.atomic
def add_member(
    *,
    user: User,
    practice: Practice,
    roles: Collection[Role],
    by: User | None,
    period: Period = NO_BOUND,
    public_id: uuid.UUID | None = None,
) -> Membership:
    """Raises ValidationError without a role, for a period that ends before it begins, or if the account is a member
    already."""
    membership = Membership(user=user, practice=practice, since=timezone.now(), public_id=public_id or uuid.uuid4())
    membership.set_roles(roles)
    membership.set_period(period)
    membership.full_clean()
    membership.save()
    detail: dict[str, DetailValue] = {"roles": _codes(roles), **dates(period)}
    record("member.added", by=by, on=user, practice=practice, detail=detail)
    return membership


@transaction.atomic
def change_roles(*, membership: Membership, roles: Collection[Role], by: User | None) -> None:
    """Raises ValidationError without a role, LastAdministrator. Changes nothing if the roles are the same."""
    current = _locked(membership)
    before = current.roles
    current.set_roles(roles)
    if current.roles == before:
        return
    current.save(update_fields=ROLE_FIELDS)
    record(
        "member.roles_changed",
        by=by,
        on=current.user,
        practice=current.practice,
        detail={"granted": _codes(set(roles) - before), "taken": _codes(before - set(roles))},
    )
    if Role.ADMIN in before - current.roles:
        _check_an_administrator_stays(current.practice)
        _end_invitations_of(current, by)


@transaction.atomic
def set_period(*, membership: Membership, period: Period, by: User | None) -> None:
    """Set the days on which the member has access. Raises ValidationError if they end before they begin,
    LastAdministrator. Changes nothing if they are the same."""
    current = _locked(membership)
    if current.period == period:
        return
    current.set_period(period)
    current.save(update_fields=["valid_from", "valid_until"])
    record("member.period_changed", by=by, on=current.user, practice=current.practice, detail=dates(period))
    if current.is_admin:
        _check_an_administrator_stays(current.practice)


@transaction.atomic
def remove_member(*, membership: Membership, by: User | None) -> None:
    """Remove a member; they lose access at the next request, and the invitations that they sent end. What they shared
    stays. Leaving the last practice revokes their API tokens for good and ends their sessions.

    Raises LastAdministrator. Removing twice changes nothing.
    """
    current = _find_locked(membership)
    if current is None:
        return
    _remove(current, by)
    if current.is_admin:
        _check_an_administrator_stays(current.practice)


@transaction.atomic
def remove_all_members(*, practice: Practice, by: User | None) -> int:
    """Before the practice is deleted; returns their number."""
    memberships = list(practice.memberships.select_related("user", "practice"))
    for membership in memberships:
        _remove(membership, by)
    return len(memberships)


@transaction.atomic
def end_invitation(*, invitation: ColleagueInvitation, reason: InvitationEnd, by: User | None) -> None:
    """Its link opens nothing from now on; an email that has not left yet is called off."""
    invitation.end, invitation.ended_at = reason.value, timezone.now()
    invitation.save(update_fields=["end", "ended_at", "accepted_by"])
    call_off(Message.objects.filter(about=invitation.pk))
    if reason is not InvitationEnd.ACCEPTED:  # its acceptance is in the trail as a new member
        detail = {"reason": reason.value}
        record("member.invitation_revoked", by=by, on=invitation, practice=invitation.practice_id, detail=detail)


def lock_members(practice: Practice | uuid.UUID) -> None:
    """Lock the list of members until the transaction ends, so that two administrators cannot remove each other at
    once."""
    pk = practice if isinstance(practice, uuid.UUID) else practice.pk
    Practice.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)


def dates(period: Period) -> dict[str, str]:
    """The bounds of a period, as details of a line of the trail."""
    named = {"valid_from": period.first, "valid_until": period.last}
    return {name: day.isoformat() for name, day in named.items() if day}


def _remove(membership: Membership, by: User | None) -> None:
    user, practice, roles = membership.user, membership.practice, membership.roles
    Membership.objects.filter(pk=membership.pk).delete()
    record("member.removed", by=by, on=user, practice=practice, detail={"roles": _codes(roles)})
    _end_invitations_of(membership, by)
    if not user.memberships.exists():
        revoke_all(user=user, by=by)
        end_sessions(user=user, by=by)


def _check_an_administrator_stays(practice: Practice) -> None:
    if not practice.memberships.staying_administrators().exists():
        raise LastAdministrator


def _end_invitations_of(inviter: Membership, by: User | None) -> None:
    """An invitation stands on the right of its sender: without it, another administrator invites."""
    sent = ColleagueInvitation.objects.pending().filter(practice=inviter.practice_id, invited_by=inviter.user_id)
    sent = sent.exclude(by_operator=True)
    for invitation in sent.select_for_update(of=("self",)):
        end_invitation(invitation=invitation, reason=InvitationEnd.INVITER_LEFT, by=by)


def _locked(membership: Membership) -> Membership:
    """Raises Membership.DoesNotExist if it was removed meanwhile."""
    current = _find_locked(membership)
    if current is None:
        raise Membership.DoesNotExist
    return current


def _find_locked(membership: Membership) -> Membership | None:
    lock_members(membership.practice_id)
    memberships = Membership.objects.select_for_update(of=("self",)).select_related("user", "practice")
    return memberships.filter(pk=membership.pk).first()


def _codes(roles: Collection[Role]) -> list[str]:
    return sorted(role.value for role in roles)
