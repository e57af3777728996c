"""Members of a practice: invited, changed, removed by its administrators."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404
from django.utils.functional import cached_property
from rest_framework.request import Request
from rest_framework.response import Response

from portals.api.practice import PRACTICE, practice_of_call
from portals.api.schema import answers, whole_list
from portals.api.serializers.members import MemberIn, MemberOut
from portals.api.views.base import StaffView, read
from practices.colleagues import (
    Identity,
    InvitationClosed,
    change_colleague,
    change_invitation,
    check_identity_stays,
    invite,
    invite_again,
    remove_colleague,
    revoke_invitation,
)
from practices.models import ColleagueInvitation, ColleagueInvitationQuerySet, Practice, Role
from practices.periods import Period
from practices.team import TeamMember, made_by_inviting, of_invitation, of_membership, team_member, team_of

IDENTITY = ("email", "title", "first_name", "last_name", "professional_number")
INVITING = ("already_member", "already_invited", "too_many_invitations")


class MembersView(StaffView):
    """For administrators of the practice of the call."""

    @cached_property
    def practice(self) -> Practice:
        return practice_of_call(self.request, Role.ADMIN)

    def member(self, pk: uuid.UUID) -> TeamMember:
        """Raises Http404 for another practice's, whatever the caller's role; NotAllowed."""
        member = team_member(practice_of_call(self.request), pk)
        if member is None:
            raise Http404
        practice_of_call(self.request, Role.ADMIN)
        return member


class Members(MembersView):
    def makes(self) -> ColleagueInvitationQuerySet:
        return made_by_inviting(self.practice)

    @answers(
        200,
        whole_list(MemberOut),
        operation_id="members_list",
        parameters=[PRACTICE],
        summary="List the members of a practice, and who is invited",
    )
    def get(self, request: Request) -> Response:
        return Response({"results": MemberOut(team_of(self.practice), many=True).data})

    @answers(201, MemberOut, request=MemberIn, parameters=[PRACTICE], refusals=INVITING, summary="Invite a colleague")
    def post(self, request: Request) -> Response:
        """By an email with a link, valid for seven days. The invited person chooses the password or passkey."""
        asked = read(MemberIn(data=request.data))
        made: ColleagueInvitation = self.made_before() or invite(
            practice=self.practice,
            identity=_identity(asked),
            roles=_roles(asked["roles"]),
            period=Period(asked["valid_from"], asked["valid_until"]),
            by=self.user,
            pk=self.object_id,
        )
        return Response(MemberOut(of_invitation(made)).data, status=201)


class MemberDetail(MembersView):
    @answers(200, MemberOut, parameters=[PRACTICE], summary="Read a member of a practice")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(MemberOut(self.member(pk)).data)

    @answers(
        200,
        MemberOut,
        request=MemberIn(partial=True),
        parameters=[PRACTICE],
        refusals=[*INVITING, "last_administrator", "identity_of_account", "invitation_over"],
        summary="Change the roles and days of a member, or an invitation",
    )
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        """Name, email and number of somebody with an account are theirs to change. Another email of an invitation
        gets a link of its own."""
        member = self.member(pk)
        asked = read(MemberIn(data=request.data, partial=True))
        roles = _roles(asked["roles"]) if "roles" in asked else member.roles
        period = Period(asked.get("valid_from", member.period.first), asked.get("valid_until", member.period.last))
        identity = {name: asked[name] for name in IDENTITY if name in asked}
        if member.membership:
            check_identity_stays(member.membership, identity)
            changed = change_colleague(membership=member.membership, roles=roles, period=period, by=self.user)
            return Response(MemberOut(of_membership(changed)).data)
        whole = {name: getattr(member, name) for name in IDENTITY} | identity
        invitation = change_invitation(
            invitation=_invitation(member), identity=_identity(whole), roles=roles, period=period, by=self.user
        )
        return Response(MemberOut(of_invitation(invitation)).data)

    @answers(
        204,
        parameters=[PRACTICE],
        refusals=["last_administrator", "invitation_over"],
        summary="Remove a member, or revoke an invitation",
    )
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        """Access ends at the next request. What they shared stays."""
        member = self.member(pk)
        if member.membership:
            remove_colleague(membership=member.membership, by=self.user)
        else:
            revoke_invitation(invitation=_invitation(member), by=self.user)
        return Response(status=204)


class InviteAgain(MembersView):
    def makes(self) -> None:
        self.member(self.kwargs["pk"])

    @answers(
        200,
        MemberOut,
        parameters=[PRACTICE],
        refusals=["invitation_over", "too_many_invitations"],
        summary="Send a new link to somebody invited",
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Valid for seven days. The link before it opens nothing."""
        again = invite_again(invitation=_invitation(self.member(pk)), by=self.user)
        return Response(MemberOut(of_invitation(again)).data)


def _invitation(member: TeamMember) -> ColleagueInvitation:
    """Raises InvitationClosed for somebody who is a member already."""
    if member.invitation is None:
        raise InvitationClosed
    return member.invitation


def _identity(asked: dict[str, Any]) -> Identity:
    return Identity(**{name: asked[name] for name in IDENTITY})


def _roles(asked: list[str]) -> frozenset[Role]:
    return frozenset(Role(one) for one in asked)
