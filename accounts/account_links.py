"""Links that open an account: the token is stored as a hash, and the first POST that succeeds uses the link up."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

from accounts.models import AccountLink, ApiToken, Purpose, User
from accounts.models.user import PasswordChange
from accounts.tokens import token_hash
from audit.trail import record
from refusals import Kind, Refusal

LIFETIMES = {
    Purpose.FIRST_OPERATOR: timedelta(days=1),
    Purpose.OPERATOR: timedelta(days=7),
}
REMEMBERED = timedelta(days=30)  # an ended link still explains itself for so long


class LinkOver(Refusal):
    """The link was used, replaced, withdrawn, or is too old."""

    code = "link_over"
    kind = Kind.GONE
    words = gettext_lazy("Ce lien n’est plus valable : il a servi, a été remplacé ou a expiré.")


class EmailTaken(Refusal):
    """Another account has this address."""

    code = "email_taken"
    kind = Kind.CONFLICT
    field = "email"
    words = gettext_lazy("Un compte a déjà cette adresse. Connectez-vous avec lui, ou donnez une autre adresse.")


@dataclass(frozen=True)
class Person:
    """Who opens the account. `email` counts only if the link names none."""

    email: str
    first_name: str
    last_name: str


@dataclass(frozen=True)
class Passkey:
    """A passkey's answer to the browser (WebAuthn), verified by the form that received it."""

    credential: dict[str, Any]


def make_link(
    *, purpose: Purpose, email: str = "", user: User | None = None, by: User | None
) -> tuple[AccountLink, str]:
    """A new link, and its address with the token, which is not stored. Call it inside a transaction.

    It ends the live links that it replaces: of the same purpose and address.
    """
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    AccountLink.objects.live().filter(purpose=purpose, email__iexact=email).update(ended_at=now)
    link = AccountLink(
        purpose=purpose,
        token_hash=token_hash(token),
        email=email,
        user=user,
        invited_by=by,
        created_at=now,
        expires_at=now + LIFETIMES[purpose],
    )
    link.full_clean()
    link.save()
    return link, settings.PUBLIC_URL + reverse("operator:start", args=[token])


def find_link(token: str) -> AccountLink | None:
    return AccountLink.objects.select_related("user", "invited_by").filter(token_hash=token_hash(token)).first()


def why_closed(link: AccountLink) -> str:
    """ "used", "ended" or "expired"; "" while it is valid."""
    if link.used_at:
        return "used"
    if link.ended_at:
        return "ended"
    return "expired" if link.expires_at <= timezone.now() else ""


@transaction.atomic
def open_account(*, link: AccountLink, person: Person, means: str | Passkey) -> User:
    """Use the link up: make the account, or complete the one that the link names. `means`: a checked password, or a
    passkey.

    Whoever holds the link proved the mailbox, or access to the machine: the address counts as confirmed. Raises
    LinkOver, EmailTaken, ValidationError.
    """
    use_link(link)
    email = (link.email or person.email).lower()
    user = User.objects.filter(email__iexact=email).first()
    if user is not None and user.pk != link.user_id:
        raise EmailTaken
    if user is None:
        user = User.objects.create_user(email, id=link.pk)  # a passkey is made for this id before the account exists
    user.first_name, user.last_name = person.first_name, person.last_name
    user.language = "en" if (translation.get_language() or "").startswith("en") else "fr"
    if isinstance(means, str):
        tokens = ApiToken.objects.valid_of(user).values_list("pk", flat=True)
        user.password_change = PasswordChange(kept_tokens=frozenset(tokens))  # no password stood before this one
        user.set_password(means)
    user.save()
    confirm_address(user)
    if isinstance(means, Passkey):
        add_passkey(user, means)
    AccountLink.objects.filter(pk=link.pk).update(user=user)
    record("account.opened_by_link", by=user, on=user, detail={"purpose": str(link.purpose)})
    return user


def add_passkey(user: User, passkey: Passkey) -> None:
    """The first key of a new account, named after its kind."""
    name = get_adapter().generate_authenticator_name(user, Authenticator.Type.WEBAUTHN)
    WebAuthn.add(user, name, passkey.credential)


def use_link(link: AccountLink) -> None:
    """Compare and set, so that two requests at once use it once. Raises LinkOver."""
    if not AccountLink.objects.live().filter(pk=link.pk).update(used_at=timezone.now()):
        raise LinkOver


@transaction.atomic
def withdraw_link(*, link: AccountLink, by: User) -> None:
    """Its page then says so. Withdrawing twice changes nothing."""
    if AccountLink.objects.live().filter(pk=link.pk).update(ended_at=timezone.now()):
        record("account.link_withdrawn", by=by, on=link, detail={"purpose": str(link.purpose)})


def confirm_address(user: User) -> None:
    """The account's address counts as confirmed for signing in, without a message."""
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})


def forget_old_links() -> int:
    """Remove links a month after they ended; returns their number."""
    return AccountLink.objects.filter(expires_at__lt=timezone.now() - REMEMBERED).delete()[0]
