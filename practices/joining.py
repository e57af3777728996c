"""A colleague accepts an invitation: with the account that they have, or with a new one.

The link proves the mailbox: 256 random bits that only the email holds, valid for seven days, once. Whoever has an
account at this address signs in and accepts as themselves. Nobody else types a password.
"""

from __future__ import annotations

import uuid

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit.trail import record
from practices.colleagues import InvitationClosed, hash_of
from practices.members import add_member, end_invitation, lock_members
from practices.models import ColleagueInvitation, InvitationEnd, Membership
from refusals import Kind, Refusal


class AccountExists(Refusal):
    """The address of the invitation has an account: its owner signs in."""

    code = "account_exists"
    kind = Kind.CONFLICT
    words = gettext_lazy("Un compte existe déjà à cette adresse : connectez-vous.")


class SomebodyElse(Refusal):
    """The address of the invitation has an account, and it is another one."""

    code = "somebody_else"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Cette invitation est pour un autre compte. Déconnectez-vous, puis suivez de nouveau le lien."
    )


def find_invitation(secret: str) -> ColleagueInvitation | None:
    """The invitation of a link, ended or not; None for a link that is unknown or was replaced."""
    invitations = ColleagueInvitation.objects.select_related("practice", "invited_by", "accepted_by")
    return invitations.filter(token_hash=hash_of(secret)).first()


def why_closed(invitation: ColleagueInvitation) -> str:
    """Why it no longer opens: an InvitationEnd, or "expired"; "" while it is open."""
    return invitation.end or ("expired" if invitation.has_expired() else "")


def account_at(invitation: ColleagueInvitation) -> User | None:
    """The account that alone may accept; None if the address has none."""
    return User.objects.filter(email__iexact=invitation.email).first()


@transaction.atomic
def accept(*, invitation: ColleagueInvitation, user: User) -> Membership:
    """The account becomes a member. Its name stays its own; what it lacks (title, RPPS number) is filled in.

    Raises InvitationClosed, SomebodyElse.
    """
    current = _locked(invitation)
    owner = account_at(current)
    if owner is not None and owner.pk != user.pk:
        raise SomebodyElse
    account = User.objects.select_for_update(of=("self",), no_key=True).filter(pk=user.pk, is_active=True).first()
    if account is None:
        raise InvitationClosed
    lacking = [
        name
        for name in ("title", "first_name", "last_name", "professional_number")
        if getattr(current, name) and not getattr(account, name)
    ]
    for name in lacking:
        setattr(account, name, getattr(current, name))
    if lacking:
        account.save(update_fields=lacking)
    current.accepted_by = account
    end_invitation(invitation=current, reason=InvitationEnd.ACCEPTED, by=account)
    membership = account.memberships.filter(practice=current.practice_id).first()
    return membership or add_member(
        user=account,
        practice=current.practice,
        roles=current.roles,
        period=current.period,
        public_id=current.pk,
        by=account,
    )


@transaction.atomic
def open_account(*, invitation: ColleagueInvitation, password: str | None, pk: uuid.UUID | None = None) -> User:
    """Create an account for the address of the invitation, and accept with it. `password`: None for an account that
    signs in by a passkey, which the caller adds in the same transaction; `pk` is then the account of the passkey.

    Raises AccountExists, InvitationClosed, ValidationError for a password that is easy to guess.
    """
    current = _locked(invitation)
    if account_at(current):
        raise AccountExists
    names = {name: getattr(current, name) for name in ("title", "first_name", "last_name", "professional_number")}
    fields = {**names, "language": current.practice.language, "id": pk or uuid.uuid4()}
    if password is not None:
        validate_password(password, User(email=current.email, **fields))
    user = User.objects.create_user(current.email, password, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    record("account.opened", by=user, on=user)
    accept(invitation=current, user=user)
    return user


def _locked(invitation: ColleagueInvitation) -> ColleagueInvitation:
    """The invitation, open until the transaction ends. Raises InvitationClosed."""
    lock_members(invitation.practice_id)
    invitations = ColleagueInvitation.objects.select_for_update(of=("self",)).select_related("practice")
    current = invitations.filter(pk=invitation.pk).first()
    if current is None or why_closed(current) or current.token_hash != invitation.token_hash:
        raise InvitationClosed
    return current
