"""What administrators of a practice do with its members: invite, change, remove. Everything needs their role.

The site's operator invites administrators by the same invitations, and sees and ends only those.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
import uuid
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.counting import count_one
from accounts.models import User
from accounts.operators import operators, require_operator
from accounts.rpps import clean_rpps
from audit.trail import DetailValue, record
from notifications.models import Message
from notifications.outbox import call_off
from practices import members
from practices.members import NO_BOUND, dates, end_invitation, lock_members
from practices.messages import send_invitation
from practices.models import ColleagueInvitation, InvitationEnd, Membership, Practice, Role
from practices.periods import Period
from practices.roles import require_administrator
from refusals import Kind, Refusal

INVITATIONS_A_DAY = 100  # letters of one practice: a stolen session must not become a source of spam


class AlreadyMember(Refusal):
    code = "already_member"
    kind = Kind.CONFLICT
    field = "email"
    words = gettext_lazy("Cette personne est déjà membre du cabinet.")


class AlreadyInvited(Refusal):
    code = "already_invited"
    kind = Kind.CONFLICT
    field = "email"
    words = gettext_lazy("Une invitation attend déjà à cette adresse. Renvoyez-la, ou retirez-la d’abord.")


class InvitationClosed(Refusal):
    """The invitation was accepted, revoked or expired."""

    code = "invitation_over"
    kind = Kind.GONE
    words = gettext_lazy("Cette invitation n’est plus valable.")


class TooManyInvitations(Refusal):
    code = "too_many_invitations"
    kind = Kind.TOO_OFTEN
    words = gettext_lazy("Votre cabinet a envoyé beaucoup d’invitations aujourd’hui. Réessayez demain.")
    retry_after = 3600


class NotYourIdentity(Refusal):
    """Names and numbers belong to an account, which may work in other practices and signs documents."""

    code = "identity_of_account"
    kind = Kind.CONFLICT
    words = gettext_lazy("Cette personne a son propre compte : elle seule y change son nom, son adresse et son RPPS.")


@dataclass(frozen=True)
class Identity:
    """Who is invited, as the administrator knows them."""

    email: str
    first_name: str
    last_name: str
    title: str = ""
    professional_number: str = ""


@transaction.atomic
def invite(
    *,
    practice: Practice,
    identity: Identity,
    roles: Collection[Role],
    by: User | None,
    period: Period = NO_BOUND,
    pk: uuid.UUID | None = None,
) -> ColleagueInvitation:
    """Invite somebody by email; the link is valid for seven days.

    Says nothing about accounts: the answer is the same whether the address has one. `by`: None for a command on the
    machine. Raises NotAllowed, ValidationError, AlreadyMember, AlreadyInvited, TooManyInvitations.
    """
    if by is not None:
        require_administrator(by, practice)
    invitation = ColleagueInvitation(id=pk or uuid.uuid4(), practice=practice, invited_by=by)
    return _invite(invitation, identity, roles, period)


@transaction.atomic
def invite_administrator(*, practice: Practice, identity: Identity, by: User) -> ColleagueInvitation:
    """By an operator, of a practice that may have no administrator yet. Raises as `invite`; NotOperator."""
    require_operator(by)
    invitation = ColleagueInvitation(practice=practice, invited_by=by, by_operator=True)
    return _invite(invitation, identity, [Role.ADMIN], NO_BOUND)


@transaction.atomic
def invite_again(*, invitation: ColleagueInvitation, by: User) -> ColleagueInvitation:
    """Send a new link, valid for seven days; the link before it opens nothing. Who sends it answers for it from now
    on. Raises NotAllowed, InvitationClosed, TooManyInvitations."""
    _require_inviter(by, invitation)
    current = _locked(invitation)
    current.invited_by = by
    _send(current)
    record("member.invited_again", by=by, on=current, practice=current.practice)
    return current


@transaction.atomic
def renew_link(*, invitation: ColleagueInvitation) -> str:
    """A new link, valid for seven days, for a command on the machine, which hands it over in place of an email; the
    link before it opens nothing. Raises InvitationClosed, TooManyInvitations."""
    current = _locked(invitation)
    link = _make_link(current)
    record("member.invited_again", by=None, on=current, practice=current.practice)
    return link


@transaction.atomic
def change_invitation(
    *,
    invitation: ColleagueInvitation,
    identity: Identity,
    roles: Collection[Role],
    by: User,
    period: Period = NO_BOUND,
) -> ColleagueInvitation:
    """Another address gets a link of its own, and the link before it opens nothing. Raises as `invite`, and
    InvitationClosed."""
    require_administrator(by, invitation.practice)
    current = _locked(invitation)
    before = _content(current)
    _fill(current, identity, roles, period)
    fields = sorted(name for name, value in _content(current).items() if value != before[name])
    if not fields:
        return current
    if "email" in fields:
        _send(current)
    current.save()
    record("member.invitation_changed", by=by, on=current, practice=current.practice, detail={"fields": fields})
    return current


@transaction.atomic
def revoke_invitation(*, invitation: ColleagueInvitation, by: User) -> None:
    """Raises NotAllowed, InvitationClosed."""
    _require_inviter(by, invitation)
    end_invitation(invitation=_locked(invitation), reason=InvitationEnd.REVOKED, by=by)


@transaction.atomic
def change_colleague(
    *, membership: Membership, roles: Collection[Role], by: User, period: Period = NO_BOUND
) -> Membership:
    """Raises NotAllowed, ValidationError, LastAdministrator."""
    require_administrator(by, membership.practice)
    members.change_roles(membership=membership, roles=roles, by=by)
    members.set_period(membership=membership, period=period, by=by)
    return Membership.objects.select_related("user", "practice").get(pk=membership.pk)


def check_identity_stays(membership: Membership, identity: dict[str, str]) -> None:
    """Raises NotYourIdentity if any of these differs from what the account says."""
    for name, value in identity.items():
        if value != getattr(membership.user, name):
            refusal = NotYourIdentity()
            refusal.field = name
            raise refusal


@transaction.atomic
def remove_colleague(*, membership: Membership, by: User) -> None:
    """They lose access at the next request. Raises NotAllowed, LastAdministrator."""
    require_administrator(by, membership.practice)
    members.remove_member(membership=membership, by=by)


def hash_of(secret: str) -> str:
    """SHA-256: a slow hash would add nothing, because the secret has 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def forget_ended_invitations() -> int:
    """Remove invitations that ended, or expired, thirty days ago or more; returns their number. The trail keeps what
    happened, without names."""
    past = timezone.now() - timedelta(days=30)
    ended = ColleagueInvitation.objects.filter(ended_at__lt=past)
    expired = ColleagueInvitation.objects.pending().filter(expires_at__lt=past)
    return ended.delete()[0] + expired.delete()[0]


def _invite(
    invitation: ColleagueInvitation, identity: Identity, roles: Collection[Role], period: Period
) -> ColleagueInvitation:
    lock_members(invitation.practice_id)
    _fill(invitation, identity, roles, period)
    _send(invitation)
    detail: dict[str, DetailValue] = {"roles": sorted(role.value for role in invitation.roles), **dates(period)}
    record("member.invited", by=invitation.invited_by, on=invitation, practice=invitation.practice, detail=detail)
    return invitation


def _fill(invitation: ColleagueInvitation, identity: Identity, roles: Collection[Role], period: Period) -> None:
    invitation.email = identity.email.strip().lower()
    for name in ("title", "first_name", "last_name"):
        setattr(invitation, name, _in_one_line(getattr(identity, name)))
    try:
        invitation.professional_number = clean_rpps(identity.professional_number)
    except ValidationError as error:
        raise ValidationError({"professional_number": error}) from error
    invitation.set_roles(roles)
    invitation.set_period(period)
    invitation.full_clean(exclude=["token_hash", "sent_at", "expires_at"], validate_constraints=False)
    if invitation.practice.memberships.filter(user__email__iexact=invitation.email).exists():
        raise AlreadyMember
    pending = ColleagueInvitation.objects.pending().filter(practice=invitation.practice_id).exclude(pk=invitation.pk)
    if pending.filter(email__iexact=invitation.email).exists():
        raise AlreadyInvited


def _send(invitation: ColleagueInvitation) -> None:
    """Replace the link and send it. Only the email holds it."""
    send_invitation(invitation, _make_link(invitation))


def _make_link(invitation: ColleagueInvitation) -> str:
    """A new link in place of the former one, whose email is called off. The row has only a hash of it."""
    if count_one("colleagues invited", invitation.practice_id, window=timedelta(days=1)) > INVITATIONS_A_DAY:
        raise TooManyInvitations
    secret = secrets.token_urlsafe(32)
    invitation.token_hash = hash_of(secret)
    invitation.sent_at = timezone.now()
    invitation.expires_at = invitation.sent_at + ColleagueInvitation.LIFETIME
    invitation.save()
    call_off(Message.objects.filter(about=invitation.pk))
    return str(settings.PUBLIC_URL) + reverse("joining", kwargs={"secret": secret})


def _require_inviter(by: User, invitation: ColleagueInvitation) -> None:
    """An operator answers for what operators sent. Raises NotAllowed."""
    if not (invitation.by_operator and operators().filter(pk=by.pk).exists()):
        require_administrator(by, invitation.practice)


def _locked(invitation: ColleagueInvitation) -> ColleagueInvitation:
    """The invitation, current until the transaction ends. Raises InvitationClosed."""
    lock_members(invitation.practice_id)
    invitations = ColleagueInvitation.objects.select_for_update(of=("self",)).select_related("practice")
    current = invitations.filter(pk=invitation.pk).first()
    if current is None or current.end:
        raise InvitationClosed
    return current


def _content(invitation: ColleagueInvitation) -> dict[str, object]:
    identity = {name: getattr(invitation, name) for name in asdict(Identity("", "", ""))}
    return {**identity, "roles": invitation.roles, "period": invitation.period}


def _in_one_line(text: str) -> str:
    visible = "".join(
        character for character in text if unicodedata.category(character) != "Cf"
    )  # invisible characters
    return unicodedata.normalize("NFC", " ".join(visible.split()))
