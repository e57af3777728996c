"""Operators of the installation: the first by a link from the command line, others invited by an operator.

An operator sees Django's admin and the state of the system. Rights in a practice come from memberships alone.
"""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.account_links import EmailTaken, Passkey, Person, confirm_address, make_link, open_account, use_link
from accounts.counting import hold
from accounts.letters import from_site
from accounts.models import AccountLink, Purpose, User
from audit.trail import record
from notifications.letters import Button, plan_letter
from refusals import Kind, Refusal

# Of the demo's accounts: nobody receives mail below .example (RFC 2606). The demo's administrator is an operator,
# with a password that everybody knows: an installation has an operator only when it has one of its own.
DEMO_DOMAIN = "@lilas.example"


class OperatorExists(Refusal):
    """The first operator was made before."""

    code = "operator_exists"
    kind = Kind.CONFLICT
    words = gettext_lazy("Cette installation a déjà un exploitant.")


class NotOperator(Refusal):
    code = "not_operator"
    kind = Kind.NOT_FOUND
    words = gettext_lazy("Seul un exploitant de l’installation peut le faire.")


class LastOperator(Refusal):
    code = "last_operator"
    kind = Kind.CONFLICT
    words = gettext_lazy("C’est le dernier exploitant : invitez-en un autre avant de le retirer.")


def operators() -> QuerySet[User]:
    return User.objects.filter(is_superuser=True, is_active=True)


def own_operators() -> QuerySet[User]:
    """Operators, without the demo's."""
    return operators().exclude(email__iendswith=DEMO_DOMAIN)


def require_operator(user: User) -> None:
    """Raises NotOperator."""
    if not operators().filter(pk=user.pk).exists():
        raise NotOperator


@transaction.atomic
def make_first_link(*, email: str = "") -> str:
    """The address that makes the first operator, or completes the account `email`, which is made at once.

    An earlier link is replaced. Raises OperatorExists, EmailTaken.
    """
    hold("first operator", "")
    if own_operators().exists():
        raise OperatorExists
    AccountLink.objects.live().filter(purpose=Purpose.FIRST_OPERATOR).update(ended_at=timezone.now())
    user = _operator_at(email) if email else None
    link, address = make_link(purpose=Purpose.FIRST_OPERATOR, email=email, user=user, by=None)
    record("operator.link_made", by=None, on=link)
    return address


@transaction.atomic
def renew_operator_link(*, email: str) -> str | None:
    """A new link, for a command on the machine: of the invited operator at this address who has not accepted, or of
    the operator there who has no means to sign in yet. None if there is neither. The link before it opens nothing."""
    account = operators().filter(email__iexact=email).first()
    if account is None:
        newest = (
            AccountLink.objects.filter(purpose=Purpose.OPERATOR, email__iexact=email).order_by("-created_at").first()
        )
        if newest is None or newest.used_at or newest.ended_at:
            return None
        purpose, by = Purpose.OPERATOR, newest.invited_by
    elif account.has_usable_password() or Authenticator.objects.filter(user=account).exists():
        return None
    else:
        others = own_operators().exclude(pk=account.pk).exists()
        purpose, by = (Purpose.OPERATOR if others else Purpose.FIRST_OPERATOR), None
    link, address = make_link(purpose=purpose, email=email.lower(), user=account, by=by)
    record("operator.link_made", by=None, on=link)
    return address


@transaction.atomic
def open_operators_account(*, link: AccountLink, person: Person, means: str | Passkey) -> User:
    """Use the link up: the account and its rights. Raises LinkOver, EmailTaken, OperatorExists, ValidationError."""
    user = open_account(link=link, person=person, means=means)
    if not user.is_superuser:
        make_operator(user=user, by=link.invited_by)
    return user


@transaction.atomic
def invite_operator(*, email: str, by: User) -> AccountLink:
    """Send a link by email. Inviting again replaces the link. Raises NotOperator, EmailTaken, ValidationError."""
    require_operator(by)
    if operators().filter(email__iexact=email).exists():
        raise EmailTaken(gettext_lazy("Cette personne est déjà exploitante."))
    link, address = make_link(purpose=Purpose.OPERATOR, email=email.lower(), by=by)
    record("operator.invited", by=by, on=link)
    with translation.override(by.language):
        letter = from_site(
            about=_("Invitation à exploiter ce site"),
            paragraphs=[
                _("Bonjour,"),
                _("%(name)s vous invite à exploiter ce site : cabinets, exploitants, état du système.")
                % {"name": by.get_full_name() or by.email},
            ],
            button=Button(_("Accepter l’invitation"), address),
            small=[_("Ce lien sert une fois, pendant sept jours.")],
        )
        plan_letter(letter, to=link.email, language=by.language, about=link.pk)
    return link


@transaction.atomic
def accept_with_account(*, link: AccountLink, user: User) -> None:
    """An account that exists becomes an operator's. Raises LinkOver, EmailTaken if it is not the invited address."""
    if link.email.lower() != user.email.lower():
        raise EmailTaken(gettext_lazy("Cette invitation est pour une autre adresse que celle de votre compte."))
    use_link(link)
    make_operator(user=user, by=link.invited_by)


@transaction.atomic
def make_operator(*, user: User, by: User | None) -> None:
    """Give the rights of an operator. A second first operator is refused: raises OperatorExists."""
    if by is None:
        hold("first operator", "")
        if own_operators().exclude(pk=user.pk).exists():
            raise OperatorExists
    user.is_staff = user.is_superuser = True
    user.save(update_fields=["is_staff", "is_superuser"])
    record("operator.added", by=by, on=user)


@transaction.atomic
def remove_operator(*, operator: User, by: User) -> None:
    """End the rights at the next request; the account and its memberships stay. Raises NotOperator, LastOperator."""
    require_operator(by)
    hold("operators", "")
    if not operators().filter(pk=operator.pk).exists():
        return
    if not own_operators().exclude(pk=operator.pk).exists():
        raise LastOperator
    User.objects.filter(pk=operator.pk).update(is_staff=False, is_superuser=False)
    record("operator.removed", by=by, on=operator)


def _operator_at(email: str) -> User:
    """A new operator without means to sign in, which the link adds. Raises EmailTaken."""
    if User.objects.filter(email__iexact=email).exists():
        raise EmailTaken
    user = User.objects.create_user(email)
    make_operator(user=user, by=None)
    confirm_address(user)
    return user
