"""Limits wrong passwords and second-factor codes without locking out the owner (docs/security-cases.md).

A try counts against its origin: a session, a known device of the account, or an address. Strangers use up the tries
of their own addresses, and together those of all unknown devices; a known device has its own tries, and a passkey
needs none. Tries are counted before anything is compared, so that parallel tries can't evade the limit.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from allauth.core.internal.ratelimit import get_ip
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.browsers import browser_of
from accounts.counting import count_one, forget_count, take_back
from accounts.device_cookie import device_of
from accounts.letters import from_site
from accounts.models import User
from audit.trail import record
from notifications.letters import plan_letter

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIVE_MINUTES = timedelta(minutes=5)


class TooManyTries(Exception):
    """No further try from this origin is accepted for now, right or wrong."""


class Bound(NamedTuple):
    kind: str
    subject: str
    window: timedelta
    most: int
    is_of_account: bool = True  # False: the limit of an address that tries one account after another


@dataclass(frozen=True)
class Try:
    """One counted try. `reached`: it was the last one that a limit of the account allows."""

    bounds: tuple[Bound, ...]
    reached: bool

    def was_right(self) -> None:
        """Uncount the try."""
        for bound in self.bounds:
            take_back(bound.kind, bound.subject)


@dataclass(frozen=True)
class UnknownAccount:
    """An opaque id for an address without an account, so that no line contains the typed address."""

    pk: uuid.UUID


def count_try(request: HttpRequest, *, what: str, user: User | None, typed: str = "") -> Try:
    """Count a try of `what` ("password", "factor") before it is compared. Raises TooManyTries.

    `typed`: an address without an account, which is counted in the same way.
    """
    bounds = _bounds(request, what, user, str(user.pk) if user else typed)
    reached = False
    for bound in bounds:
        count = count_one(bound.kind, bound.subject, window=bound.window)
        if count > bound.most:
            raise TooManyTries
        reached = reached or (bound.is_of_account and count == bound.most)
    return Try(bounds, reached)


def _bounds(request: HttpRequest, what: str, user: User | None, account: str) -> tuple[Bound, ...]:
    own = settings.SIGN_IN_TRIES_OF_A_DEVICE
    if user is not None and request.user.is_authenticated and request.user.pk == user.pk:
        return (Bound(f"{what}:session", f"{account}:{request.session.session_key}", FIVE_MINUTES, own),)
    if user is not None and (device := device_of(request, user)) is not None:
        return (Bound(f"{what}:device", str(device.pk), FIVE_MINUTES, own),)
    address = get_ip(request)
    return (
        Bound(f"{what}:address", address, MINUTE, settings.SIGN_IN_TRIES_OF_AN_ADDRESS, False),
        Bound(f"{what}:account", f"{account}:{address}", FIVE_MINUTES, settings.SIGN_IN_TRIES),
        Bound(f"{what}:strangers", account, HOUR, settings.SIGN_IN_TRIES_AN_HOUR),
    )


def reset_unknown_device_counts(user: User) -> None:
    """Reset the counts of unknown devices after a password reset, in case strangers locked the owner out."""
    for kind in ("password", "factor"):
        forget_count(f"{kind}:strangers", str(user.pk))


@transaction.atomic
def note_failure(
    request: HttpRequest, *, what: str, user: User | None, typed: str = "", reached: bool = False
) -> None:
    """Record a failure in the trail: the first of an hour and then each doubling. Also, at most once a day, email the
    person if it was the last try that a limit allows."""
    # Addresses without an account count together, because their number is unlimited.
    count = count_one(f"failures:{what}", user.pk if user else "unknown accounts", window=HOUR)
    if count & (count - 1) == 0:
        browser = browser_of(request.headers.get("User-Agent", ""))
        record(
            "account.sign_in_failed",
            by=None,
            on=user or _unknown(typed),
            detail={"means": what, "tries": count, "browser": browser.name, "system": browser.system},
        )
    if reached and user is not None and user.is_active and count_one("failures-told", user.pk, window=DAY) == 1:
        _tell(user)


def _tell(user: User) -> None:
    with translation.override(user.language):
        letter = from_site(
            about=_("Des essais de connexion à votre compte ont échoué"),
            paragraphs=[
                _("Bonjour,"),
                _("Quelqu’un a essayé plusieurs fois de se connecter à votre compte, sans y parvenir."),
                _(
                    "Si c’était vous, attendez quelques minutes ou choisissez un nouveau mot de passe avec "
                    "« Mot de passe oublié ». Sinon, vous n’avez rien à faire : vos appareils habituels et vos clés "
                    "d’accès ne sont pas bloqués. « Activité du compte » montre ce qui s’est passé."
                ),
            ],
            small=[_("Ce message ne vous est envoyé qu’une fois par jour.")],
        )
        plan_letter(letter, to=user.email, language=user.language)


def _unknown(typed: str) -> UnknownAccount:
    digest = salted_hmac("accounts.tries", typed.strip().casefold(), algorithm="sha256").digest()
    return UnknownAccount(uuid.UUID(bytes=digest[:16]))
