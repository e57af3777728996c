"""Administrators invite, change and remove members of their own practice; nobody else does."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEvent
from notifications.models import Message, MessageState
from practices import colleagues
from practices.colleagues import (
    AlreadyInvited,
    AlreadyMember,
    Identity,
    InvitationClosed,
    NotYourIdentity,
    TooManyInvitations,
    change_colleague,
    change_invitation,
    check_identity_stays,
    forget_ended_invitations,
    invite,
    invite_again,
    remove_colleague,
    revoke_invitation,
)
from practices.joining import find_invitation, why_closed
from practices.models import ColleagueInvitation, Membership, Practice, Role
from practices.periods import Period
from practices.roles import NotAllowed

pytestmark = pytest.mark.django_db
DORA = Identity("dora@lilas.example", "Dora", "Lenoir", "Dr", "10101010105")


def invited(practice: Practice, by: User, identity: Identity = DORA, **more: Any) -> ColleagueInvitation:
    return invite(practice=practice, identity=identity, roles=[Role.PRACTITIONER], by=by, **more)


def secret_of(invitation: ColleagueInvitation) -> str:
    """From the email, as the invited person reads it."""
    found = re.search(r"/join/([\w-]+)/", Message.objects.get(about=invitation.pk).body)
    assert found
    return found[1]


def test_an_invitation_is_an_email_with_a_link_whose_hash_alone_is_stored(practice: Practice, carol: User) -> None:
    invitation = invited(practice, carol)
    message = Message.objects.get(about=invitation.pk)
    assert message.to == DORA.email
    for words in ("Cabinet des Lilas", "Dr Dora Lenoir", "Carol Roux", "peut partager, peut signer", "qu’une fois"):
        assert words in message.body
    secret = secret_of(invitation)
    assert find_invitation(secret) == invitation
    assert secret not in str(list(ColleagueInvitation.objects.values()))
    assert secret not in str(list(AuditEvent.objects.values()))
    line = AuditEvent.objects.get(action="member.invited")
    assert (line.actor_id, line.practice_id, line.detail) == (carol.pk, practice.pk, {"roles": ["practitioner"]})


def test_a_link_is_valid_for_seven_days(practice: Practice, carol: User) -> None:
    invitation = invited(practice, carol)
    assert invitation.expires_at - timezone.now() > timedelta(days=6, hours=23)
    assert why_closed(invitation) == ""
    invitation.expires_at = timezone.now()
    assert why_closed(invitation) == "expired"


def test_a_new_link_kills_the_one_before(practice: Practice, carol: User) -> None:
    invitation = invited(practice, carol)
    first = secret_of(invitation)
    ColleagueInvitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    invite_again(invitation=invitation, by=carol)
    second = secret_of(invitation)  # the first email is called off: it had not left
    assert find_invitation(first) is None
    renewed = find_invitation(second)
    assert renewed is not None
    assert renewed.pk == invitation.pk
    assert why_closed(renewed) == ""
    assert AuditEvent.objects.filter(action="member.invited_again", actor_id=carol.pk).count() == 1


def test_a_revoked_invitation_opens_nothing(practice: Practice, carol: User) -> None:
    invitation = invited(practice, carol)
    secret = secret_of(invitation)
    revoke_invitation(invitation=invitation, by=carol)
    found = find_invitation(secret)
    assert found is not None
    assert why_closed(found) == "revoked"
    assert not Message.objects.filter(about=invitation.pk, state=MessageState.QUEUED).exists()
    for again in (invite_again, revoke_invitation):
        with pytest.raises(InvitationClosed):
            again(invitation=invitation, by=carol)
    assert invited(practice, carol).pk != invitation.pk  # the address is free again


def test_another_address_gets_a_link_of_its_own(practice: Practice, carol: User) -> None:
    invitation = invited(practice, carol)
    first = secret_of(invitation)
    other = Identity("d.lenoir@lilas.example", "Dora", "Lenoir-Petit", "Dr", "10101010105")
    changed = change_invitation(invitation=invitation, identity=other, roles=[Role.READER], by=carol)
    assert find_invitation(first) is None
    assert find_invitation(secret_of(invitation)) == changed
    assert Message.objects.get(about=invitation.pk).to == "d.lenoir@lilas.example"
    line = AuditEvent.objects.get(action="member.invitation_changed")
    assert line.detail == {"fields": ["email", "last_name", "roles"]}


def test_other_roles_need_no_new_link(practice: Practice, carol: User) -> None:
    invitation = invited(practice, carol)
    before = Message.objects.get().pk
    change_invitation(invitation=invitation, identity=DORA, roles=[Role.ADMIN], by=carol)
    change_invitation(invitation=invitation, identity=DORA, roles=[Role.ADMIN], by=carol)
    assert Message.objects.get().pk == before
    assert AuditEvent.objects.filter(action="member.invitation_changed").count() == 1


def test_members_and_invited_people_are_not_invited_twice(practice: Practice, carol: User, bob: User) -> None:
    with pytest.raises(AlreadyMember):
        invited(practice, carol, Identity("BOB@lilas.example", "Bob", "Petit"))
    invited(practice, carol)
    with pytest.raises(AlreadyInvited):
        invited(practice, carol, Identity("Dora@Lilas.example", "Dora", "Lenoir"))


def test_an_invitation_says_nothing_about_accounts_elsewhere(practice: Practice, carol: User, charlie: User) -> None:
    known = invited(practice, carol, Identity(charlie.email, "Charlie", "Noir"))
    unknown = invited(practice, carol, Identity("personne@port.example", "Charlie", "Noir"))
    shown = [(one.full_name, one.roles, one.end, one.professional_number) for one in (known, unknown)]
    assert shown[0] == shown[1]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"email": "dora"}, "email"),
        ({"email": ""}, "email"),
        ({"first_name": " "}, "first_name"),
        ({"last_name": "x" * 101}, "last_name"),
        ({"professional_number": "10101010101"}, "professional_number"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    practice: Practice, carol: User, changed: dict[str, str], field: str
) -> None:
    identity = Identity(**{"email": "a@b.example", "first_name": "Dora", "last_name": "Lenoir"} | changed)
    with pytest.raises(ValidationError) as refused:
        invited(practice, carol, identity)
    assert set(refused.value.message_dict) == {field}
    assert not Message.objects.exists()


def test_a_role_is_needed_and_days_in_their_order(practice: Practice, carol: User) -> None:
    today = timezone.localdate()
    with pytest.raises(ValidationError, match="au moins un rôle"):
        invite(practice=practice, identity=DORA, roles=[], by=carol)
    with pytest.raises(ValidationError, match="avant le premier"):
        invited(practice, carol, period=Period(today, today - timedelta(days=1)))
    invited(practice, carol, period=Period(today, today))


def test_letters_of_a_practice_are_bounded(practice: Practice, carol: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(colleagues, "INVITATIONS_A_DAY", 1)
    invitation = invited(practice, carol)
    with pytest.raises(TooManyInvitations):
        invite_again(invitation=invitation, by=carol)
    assert Message.objects.count() == 1


@pytest.mark.parametrize("who", ["alice", "bob", "rita", "charlie", "hugo"])
def test_nobody_else_does_any_of_it(
    practice: Practice, carol: User, request: pytest.FixtureRequest, who: str
) -> None:
    invitation = invited(practice, carol)
    before = AuditEvent.objects.count()
    by = request.getfixturevalue(who)
    member = Membership.objects.get(user=carol)
    for act in (
        lambda: invited(practice, by),
        lambda: invite_again(invitation=invitation, by=by),
        lambda: change_invitation(invitation=invitation, identity=DORA, roles=[Role.ADMIN], by=by),
        lambda: revoke_invitation(invitation=invitation, by=by),
        lambda: change_colleague(membership=member, roles=[Role.READER], by=by),
        lambda: remove_colleague(membership=member, by=by),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert AuditEvent.objects.count() == before


def test_roles_and_days_are_changed_together(practice: Practice, carol: User, bob: User) -> None:
    today = timezone.localdate(timezone=practice.zone)
    period = Period(today, today + timedelta(days=3))
    member = Membership.objects.get(user=bob)
    changed = change_colleague(membership=member, roles=[Role.READER], period=period, by=carol)
    assert changed.roles == {Role.READER}
    assert changed.period == period
    lines = AuditEvent.objects.filter(object_id=bob.pk, practice_id=practice.pk).order_by("id")
    assert [line.action for line in lines] == ["member.roles_changed", "member.period_changed"]
    until = today + timedelta(days=3)
    assert lines[1].detail == {"valid_from": today.isoformat(), "valid_until": until.isoformat()}


def test_names_of_an_account_are_its_owners(bob: User) -> None:
    member = Membership.objects.get(user=bob)
    check_identity_stays(member, {"first_name": "Bob", "email": bob.email})
    with pytest.raises(NotYourIdentity) as refused:
        check_identity_stays(member, {"first_name": "Bob", "title": "Pr"})
    assert refused.value.field == "title"


def test_invitations_are_forgotten_thirty_days_after_their_end(practice: Practice, carol: User) -> None:
    revoked, expired = invited(practice, carol), invited(practice, carol, Identity("e@b.example", "E", "F"))
    invited(practice, carol, Identity("f@b.example", "F", "G"))
    revoke_invitation(invitation=revoked, by=carol)
    assert forget_ended_invitations() == 0
    past = timezone.now() - timedelta(days=31)
    ColleagueInvitation.objects.filter(pk=revoked.pk).update(ended_at=past)
    ColleagueInvitation.objects.filter(pk=expired.pk).update(expires_at=past)
    assert forget_ended_invitations() == 2
    assert ColleagueInvitation.objects.get().email == "f@b.example"
