"""A colleague accepts an invitation, once, with their own account or a new one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEvent
from practices.colleagues import Identity, InvitationClosed, invite, invite_again, revoke_invitation
from practices.joining import AccountExists, SomebodyElse, accept, open_account
from practices.models import ColleagueInvitation, Membership, Practice, Role
from practices.periods import Period
from practices.roles import roles_in

pytestmark = pytest.mark.django_db
PHRASE = "quatre mésanges sur le toit"


@pytest.fixture
def invitation(practice: Practice, carol: User) -> ColleagueInvitation:
    identity = Identity("dora@lilas.example", "Dora", "Lenoir", "Dr", "10101010105")
    return invite(practice=practice, identity=identity, roles=[Role.PRACTITIONER, Role.ADMIN], by=carol)


def test_a_new_account_has_the_proved_address_and_becomes_a_member(
    invitation: ColleagueInvitation, practice: Practice
) -> None:
    user = open_account(invitation=invitation, password=PHRASE)
    assert user.check_password(PHRASE)
    assert user.get_full_name() == "Dr Dora Lenoir"
    assert user.professional_number == "10101010105"
    assert EmailAddress.objects.get(user=user, verified=True, primary=True).email == "dora@lilas.example"
    assert roles_in(user, practice) == {Role.PRACTITIONER, Role.ADMIN}
    member = Membership.objects.get(user=user)
    assert member.public_id == invitation.pk
    line = AuditEvent.objects.get(action="member.added")
    assert (line.actor_id, line.object_id, line.practice_id) == (user.pk, user.pk, practice.pk)


def test_an_account_of_another_practice_keeps_its_identity(
    practice: Practice, carol: User, charlie: User, other_practice: Practice
) -> None:
    identity = Identity(charlie.email, "Charles", "Blanc", "Pr", "10101010105")
    invitation = invite(practice=practice, identity=identity, roles=[Role.SECRETARY], by=carol)
    accept(invitation=invitation, user=charlie)
    charlie.refresh_from_db()
    assert (charlie.get_full_name(), charlie.professional_number) == ("Dr Charlie Noir", "20202020202")
    assert set(Practice.objects.of(charlie)) == {practice, other_practice}
    assert roles_in(charlie, practice) == {Role.SECRETARY}
    with pytest.raises(InvitationClosed):
        accept(invitation=invitation, user=charlie)


def test_a_patients_account_gets_what_it_lacks(practice: Practice, carol: User, hugo: User) -> None:
    identity = Identity(hugo.email, "Hugues", "M.", "Dr", "10101010105")
    invitation = invite(practice=practice, identity=identity, roles=[Role.PRACTITIONER], by=carol)
    accept(invitation=invitation, user=hugo)
    hugo.refresh_from_db()
    assert (hugo.get_full_name(), hugo.professional_number) == ("Dr Hugo Martin", "10101010105")


def test_whoever_has_the_account_of_the_address_alone_accepts(
    practice: Practice, carol: User, hugo: User, charlie: User
) -> None:
    identity = Identity(charlie.email, "Charlie", "Noir")
    invitation = invite(practice=practice, identity=identity, roles=[Role.ADMIN], by=carol)
    with pytest.raises(SomebodyElse):
        accept(invitation=invitation, user=hugo)
    with pytest.raises(AccountExists):
        open_account(invitation=invitation, password=PHRASE)
    assert not Membership.objects.filter(user=hugo).exists()
    accept(invitation=invitation, user=charlie)


def test_an_address_without_account_may_be_accepted_with_the_account_one_has(
    invitation: ColleagueInvitation, charlie: User
) -> None:
    accept(invitation=invitation, user=charlie)
    assert charlie.memberships.count() == 2
    with pytest.raises(InvitationClosed):
        open_account(invitation=invitation, password=PHRASE)


def test_expired_revoked_and_replaced_invitations_are_closed(
    invitation: ColleagueInvitation, carol: User, hugo: User
) -> None:
    invite_again(invitation=invitation, by=carol)
    with pytest.raises(InvitationClosed):
        accept(invitation=invitation, user=hugo)  # opened with the link before
    invitation.refresh_from_db()
    ColleagueInvitation.objects.update(expires_at=timezone.now())
    with pytest.raises(InvitationClosed):
        open_account(invitation=invitation, password=PHRASE)
    ColleagueInvitation.objects.update(expires_at=timezone.now() + timedelta(days=1))
    revoke_invitation(invitation=invitation, by=carol)
    with pytest.raises(InvitationClosed):
        accept(invitation=invitation, user=hugo)
    assert not User.objects.filter(email="dora@lilas.example").exists()


def test_a_closed_account_does_not_accept(invitation: ColleagueInvitation, hugo: User) -> None:
    User.objects.filter(pk=hugo.pk).update(is_active=False)
    with pytest.raises(InvitationClosed):
        accept(invitation=invitation, user=hugo)


def test_a_password_that_is_easy_to_guess_is_refused_and_nothing_is_made(invitation: ColleagueInvitation) -> None:
    for password in ("court", "dora.lenoir@lilas", "motdepasse2026"):
        with pytest.raises(ValidationError):
            open_account(invitation=invitation, password=password)
    assert not User.objects.filter(email="dora@lilas.example").exists()
    invitation.refresh_from_db()
    assert not invitation.end


def test_a_replacement_has_its_days(practice: Practice, carol: User) -> None:
    first = timezone.localdate(timezone=practice.zone) + timedelta(days=2)
    period = Period(first, first + timedelta(days=5))
    invitation = invite(
        practice=practice,
        identity=Identity("dora@lilas.example", "Dora", "Lenoir"),
        roles=[Role.SECRETARY],
        period=period,
        by=carol,
    )
    user = open_account(invitation=invitation, password=PHRASE)
    assert Membership.objects.get(user=user).period == period
    assert roles_in(user, practice) == frozenset()
