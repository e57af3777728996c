"""Our own texts for allauth's emails about an account: one entry for each email that this site can send.

allauth's own templates are not used: they name a Site, which does not exist here, and the whole User-Agent.
UNREACHABLE gives the reason for each email that cannot be sent (tests/accounts/test_account_letters.py compares both
with what the installed allauth ships).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.browsers import browser_of
from accounts.letters import from_site, site_host, site_name
from notifications.letters import Button, Fact, Letter

Context = dict[str, Any]
NO_SIGN_UP = "accounts are made by proof: AccountAdapter.is_open_for_signup"
UNREACHABLE = {
    "account/email/account_already_exists": NO_SIGN_UP,
    "account/email/email_confirmation_signup": NO_SIGN_UP,
    "account/email/login_code": "no sign-in by a code alone: ACCOUNT_LOGIN_BY_CODE_ENABLED is not set",
    "account/email/password_reset_code": "by a link: ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED is not set",
    "account/email/base": "the frame of the others",
    "account/email/base_notification": "the frame of the others",
    "socialaccount/email/account_connected": "allauth.socialaccount is not installed",
    "socialaccount/email/account_disconnected": "allauth.socialaccount is not installed",
}


def account_letter(prefix: str, context: Context) -> Letter:
    """`prefix`: as allauth names its email ("account/email/password_changed"). Raises KeyError for an email that this
    site cannot send, so that nobody receives a text by allauth."""
    return LETTERS[prefix](context)


def _confirm_address(context: Context) -> Letter:
    return from_site(
        about=_("Confirmez votre adresse e-mail"),
        paragraphs=[
            _("Bonjour,"),
            _("Un compte sur %(host)s doit recevoir ses messages à cette adresse. Confirmez qu’elle est la vôtre.")
            % {"host": site_host()},
        ],
        button=Button(_("Confirmer cette adresse"), str(context["activate_url"])),
        small=[_("Si ce n’est pas vous qui l’avez demandé, ne faites rien : rien ne change.")],
    )


def _reset_password(context: Context) -> Letter:
    return from_site(
        about=_("Choisissez un nouveau mot de passe"),
        paragraphs=[
            _("Bonjour,"),
            _("Quelqu’un, sans doute vous, a demandé un nouveau mot de passe pour votre compte sur %(host)s.")
            % {"host": site_host()},
        ],
        button=Button(_("Choisir un nouveau mot de passe"), str(context["password_reset_url"])),
        small=[_("Si ce n’est pas vous, ne faites rien : votre mot de passe reste le même.")],
    )


def _unknown_account(context: Context) -> Letter:
    return from_site(
        about=_("Aucun compte à cette adresse"),
        paragraphs=[
            _("Bonjour,"),
            _("Quelqu’un a demandé un nouveau mot de passe sur %(host)s pour cette adresse, qui n’y a pas de compte.")
            % {"host": site_host()},
            _(
                "Si c’est vous, essayez une autre de vos adresses, ou suivez le lien que votre cabinet vous a "
                "envoyé : c’est par lui que l’on ouvre un compte."
            ),
        ],
        small=[_("Si ce n’est pas vous, ne faites rien.")],
    )


def _changed(about: Callable[[], str], sentence: Callable[[Context], str]) -> Callable[[Context], Letter]:
    """A letter about a change of the account, sent whoever made the change."""

    def letter(context: Context) -> Letter:
        return from_site(
            about=about(),
            paragraphs=[
                _("Bonjour,"),
                sentence(context),
                _(
                    "Si ce n’est pas vous, choisissez aussitôt un nouveau mot de passe avec « Mot de passe oublié » "
                    "et prévenez votre cabinet."
                ),
            ],
            facts=_device(context),
            button=Button(_("Ouvrir mon compte"), settings.PUBLIC_URL + reverse("home")),
        )

    return letter


def _device(context: Context) -> list[Fact]:
    """Firefox, Windows: a familiar name of the browser; left out if unknown."""
    words = ", ".join(name for name in browser_of(str(context.get("user_agent", ""))) if name)
    return [Fact(_("Depuis"), words)] if words else []


LETTERS: dict[str, Callable[[Context], Letter]] = {
    "account/email/email_confirmation": _confirm_address,
    "account/email/password_reset_key": _reset_password,
    "account/email/unknown_account": _unknown_account,
    "account/email/email_confirm": _changed(
        lambda: _("Votre adresse e-mail est confirmée"),
        lambda _context: _("L’adresse e-mail de votre compte %(site)s est confirmée.") % {"site": site_name()},
    ),
    "account/email/email_changed": _changed(
        lambda: _("Votre adresse e-mail a changé"),
        lambda context: (
            _("L’adresse e-mail de votre compte %(site)s n’est plus %(former)s, mais %(new)s.")
            % {"site": site_name(), "former": context["from_email"], "new": context["to_email"]}
        ),
    ),
    "account/email/email_deleted": _changed(
        lambda: _("Une adresse e-mail a été retirée"),
        lambda context: (
            _("L’adresse %(former)s a été retirée de votre compte %(site)s.")
            % {"site": site_name(), "former": context["deleted_email"]}
        ),
    ),
    "account/email/password_changed": _changed(
        lambda: _("Votre mot de passe a changé"),
        lambda _context: _("Le mot de passe de votre compte %(site)s vient de changer.") % {"site": site_name()},
    ),
    "account/email/password_reset": _changed(
        lambda: _("Votre mot de passe a été remplacé"),
        lambda _context: (
            _("Le mot de passe de votre compte %(site)s vient d’être remplacé par le lien d’un e-mail.")
            % {"site": site_name()}
        ),
    ),
    "account/email/password_set": _changed(
        lambda: _("Votre compte a un mot de passe"),
        lambda _context: _("Un mot de passe vient d’être donné à votre compte %(site)s.") % {"site": site_name()},
    ),
    "mfa/email/totp_activated": _changed(
        lambda: _("Une application d’authentification a été ajoutée"),
        lambda _context: (
            _("Votre compte %(site)s demande maintenant un code de votre application d’authentification.")
            % {"site": site_name()}
        ),
    ),
    "mfa/email/totp_deactivated": _changed(
        lambda: _("L’application d’authentification a été retirée"),
        lambda _context: (
            _("Votre compte %(site)s ne demande plus de code d’une application d’authentification.")
            % {"site": site_name()}
        ),
    ),
    "mfa/email/webauthn_added": _changed(
        lambda: _("Une clé d’accès a été ajoutée"),
        lambda _context: _("Une clé d’accès vient d’être ajoutée à votre compte %(site)s.") % {"site": site_name()},
    ),
    "mfa/email/webauthn_removed": _changed(
        lambda: _("Une clé d’accès a été retirée"),
        lambda _context: _("Une clé d’accès vient d’être retirée de votre compte %(site)s.") % {"site": site_name()},
    ),
    "mfa/email/recovery_codes_generated": _changed(
        lambda: _("De nouveaux codes de secours ont été créés"),
        lambda _context: (
            _("Les codes de secours de votre compte %(site)s viennent d’être remplacés.") % {"site": site_name()}
        ),
    ),
}
