"""The team of a practice: its members, and the people who are invited to become members. One id for both: that of the
invitation stays that of the member."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from practices.models import (
    ColleagueInvitation,
    ColleagueInvitationQuerySet,
    InvitationEnd,
    Membership,
    Practice,
    Role,
)
from practices.periods import Period


class State(StrEnum):
    INVITED = "invited"
    EXPIRED = "expired"  # the link of the invitation is too old
    ACTIVE = "active"
    UPCOMING = "upcoming"  # before the first day of access
    ENDED = "ended"  # after the last day of access


@dataclass(frozen=True)
class TeamMember:
    """A member, or somebody invited: one of `membership` and `invitation` is set."""

    id: uuid.UUID
    email: str
    title: str
    first_name: str
    last_name: str
    professional_number: str
    roles: frozenset[Role]
    period: Period
    state: State
    since: datetime  # member since; invited at
    expires_at: datetime | None = None  # of the link
    membership: Membership | None = None
    invitation: ColleagueInvitation | None = None

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.title, self.first_name, self.last_name) if part) or self.email


def team_of(practice: Practice) -> list[TeamMember]:
    """Members by name, then people invited, newest first."""
    members = practice.memberships.select_related("user", "practice").order_by(
        "user__last_name", "user__first_name", "pk"
    )
    invited = _pending(practice).order_by("-sent_at", "pk")
    return [*map(of_membership, members), *map(of_invitation, invited)]


def team_member(practice: Practice, pk: uuid.UUID) -> TeamMember | None:
    member = practice.memberships.select_related("user", "practice").filter(public_id=pk).first()
    if member:
        return of_membership(member)
    invited = _pending(practice).filter(pk=pk).first()
    return of_invitation(invited) if invited else None


def of_membership(membership: Membership) -> TeamMember:
    user: User = membership.user
    return TeamMember(
        id=membership.public_id,
        email=user.email,
        title=user.title,
        first_name=user.first_name,
        last_name=user.last_name,
        professional_number=user.professional_number,
        roles=membership.roles,
        period=membership.period,
        state=_state(membership),
        since=membership.since,
        membership=membership,
    )


def of_invitation(invitation: ColleagueInvitation) -> TeamMember:
    return TeamMember(
        id=invitation.pk,
        email=invitation.email,
        title=invitation.title,
        first_name=invitation.first_name,
        last_name=invitation.last_name,
        professional_number=invitation.professional_number,
        roles=invitation.roles,
        period=invitation.period,
        state=State.EXPIRED if invitation.has_expired() else State.INVITED,
        since=invitation.sent_at,
        expires_at=invitation.expires_at,
        invitation=invitation,
    )


def made_by_inviting(practice: Practice) -> ColleagueInvitationQuerySet:
    """Invitations whose people are still of the team: pending, or accepted by somebody who is a member."""
    accepted = Q(end=InvitationEnd.ACCEPTED, pk__in=practice.memberships.values("public_id"))
    return ColleagueInvitation.objects.filter(Q(end="") | accepted, practice=practice)


def _pending(practice: Practice) -> ColleagueInvitationQuerySet:
    return ColleagueInvitation.objects.pending().filter(practice=practice).select_related("practice", "invited_by")


def _state(membership: Membership) -> State:
    today = timezone.localdate(timezone=membership.practice.zone)
    first, last = membership.period
    if first and today < first:
        return State.UPCOMING
    return State.ENDED if last and today > last else State.ACTIVE
