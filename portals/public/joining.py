"""From the link of an invitation to the practice's first page: with the account one has, or with a new one, whose
password or passkey the invited person chooses.

The session stores which link was opened. A GET consumes nothing: mail scanners follow links.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.webauthn.internal import auth as webauthn
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.passkeys import SignupForm
from portals.answers import done, not_done
from portals.chosen_practice import CHOSEN
from portals.clock import set_clock
from portals.form_errors import refusals_in
from portals.message_language import speak
from portals.new_password import PasswordForm
from portals.no_referrer import View, no_referrer
from portals.signing_in import sign_in
from practices.colleagues import InvitationClosed
from practices.joining import AccountExists, accept, account_at, find_invitation, open_account, why_closed
from practices.models import ColleagueInvitation
from practices.roles import roles_in
from practices.wording import period_in_words, rights_in_words

FIRST_PAGE = "practitioner:agenda"
OPENED = "joining"  # in the session: the invitation, the hash of its link, and the id of an account yet to be made


class PasskeyForm(SignupForm):
    """A passkey of a new account: its name, and what the browser made."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = self.fields["name"]
        name.label = _("Nom de cette clé")
        name.help_text = _("Pour la reconnaître plus tard, par exemple le nom de cet appareil.")
        name.widget.attrs |= {"class": "form-control", "autocomplete": "off"}


@login_not_required
@no_referrer
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, secret: str) -> HttpResponse:
    """The page of the email's link: which practice invites, to do what, until when. Its button leads on."""
    invitation = find_invitation(secret)
    if invitation is None:
        return render(request, "public/joining/lost.html", status=404)
    _speak_for(request, invitation)
    if why_closed(invitation):
        return _closed(request, invitation)
    if request.method != "POST":
        return render(request, "public/joining/start.html", _context(invitation))
    request.session[OPENED] = {
        "id": str(invitation.pk),
        "hash": invitation.token_hash,
        "account": str(uuid.uuid4()),
    }
    return _next(request, invitation)


def _step(view: Callable[[HttpRequest, ColleagueInvitation], HttpResponse]) -> View:
    """A page after the link: needs an open invitation in this session."""

    @login_not_required
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def wrapped(request: HttpRequest) -> HttpResponse:
        opened = request.session.get(OPENED, {"id": None, "hash": ""})
        invitations = ColleagueInvitation.objects.select_related("practice", "invited_by", "accepted_by")
        invitation = invitations.filter(pk=opened["id"], token_hash=opened["hash"]).first()
        if invitation is None:
            return render(request, "public/joining/lost.html", status=404)
        _speak_for(request, invitation)
        return _closed(request, invitation) if why_closed(invitation) else view(request, invitation)

    return wrapped


@_step
def account(request: HttpRequest, invitation: ColleagueInvitation) -> HttpResponse:
    """A password for a new account."""
    if request.user.is_authenticated or account_at(invitation):
        return _next(request, invitation)
    form = PasswordForm(request.POST or None, user=_future_account(request, invitation))
    if request.method == "POST" and form.is_valid():
        with refusals_in(form, but=(AccountExists, InvitationClosed)):
            user = open_account(
                invitation=invitation,
                password=form.cleaned_data["password"],
                pk=_future_account(request, invitation).pk,
            )
            _sign_in(request, user, "invitation")
            return _welcome(request, user, invitation)
    status = 400 if form.errors else 200
    return render(request, "public/joining/account.html", {**_context(invitation), "form": form}, status=status)


@_step
def passkey(request: HttpRequest, invitation: ColleagueInvitation) -> HttpResponse:
    """A passkey for a new account, which then has no password. Codes for the day when the key is lost come next."""
    if request.user.is_authenticated or account_at(invitation):
        return _next(request, invitation)
    future = _future_account(request, invitation)
    form = PasskeyForm(request.POST or None, user=future)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            user = open_account(invitation=invitation, password=None, pk=future.pk)
            webauthn.WebAuthn.add(user, form.cleaned_data["name"], form.cleaned_data["credential"])
            RecoveryCodes.activate(user)
        _sign_in(request, user, "mfa", type="webauthn", reauthenticated=True)
        return _welcome(request, user, invitation, to="mfa_view_recovery_codes")
    options = {"creation_options": webauthn.begin_registration(future, True)}
    context = {**_context(invitation), "form": form, "options": options}
    return render(request, "public/joining/passkey.html", context, status=400 if form.errors else 200)


@_step
def confirm(request: HttpRequest, invitation: ColleagueInvitation) -> HttpResponse:
    """For somebody signed in: shows which account joins."""
    user = request.user
    if not isinstance(user, User):
        return _next(request, invitation)
    owner = account_at(invitation)
    if owner is not None and owner.pk != user.pk:
        return render(request, "public/joining/somebody_else.html", _context(invitation), status=409)
    if request.method != "POST":
        return render(request, "public/joining/confirm.html", _context(invitation))
    accept(invitation=invitation, user=user)
    return _welcome(request, user, invitation)


def _next(request: HttpRequest, invitation: ColleagueInvitation) -> HttpResponse:
    """The page for this visitor: whoever has an account at the address signs in first."""
    if request.user.is_authenticated:
        return not_done("joining-confirm")
    owner = account_at(invitation)
    if owner is None:
        return not_done("joining-account")
    if not owner.is_active:
        return _closed(request, invitation, "account_closed")
    messages.info(request, _("Vous avez déjà un compte à cette adresse : connectez-vous pour rejoindre l’équipe."))
    back = urlencode({"next": reverse("joining-confirm")})
    return not_done(f"{reverse(settings.LOGIN_URL)}?{back}")


def _future_account(request: HttpRequest, invitation: ColleagueInvitation) -> User:
    """The account to be made, not saved: a passkey names it before it exists."""
    names = {name: getattr(invitation, name) for name in ("title", "first_name", "last_name")}
    return User(id=uuid.UUID(request.session[OPENED]["account"]), email=invitation.email, **names)


def _sign_in(request: HttpRequest, user: User, means: str, **more: Any) -> None:
    """The session keeps the invitation that it has opened."""
    opened = request.session[OPENED]
    sign_in(request, user, means=means, **more)
    request.session[OPENED] = opened


def _welcome(request: HttpRequest, user: User, invitation: ColleagueInvitation, to: str = FIRST_PAGE) -> HttpResponse:
    """To the practice's first page; for a replacement whose days are still to come, to the home page, which names
    them."""
    request.session.pop(OPENED, None)
    messages.success(request, _("Vous faites partie de l’équipe : %(name)s.") % {"name": invitation.practice.name})
    if roles_in(user, invitation.practice):
        request.session[CHOSEN] = str(invitation.practice_id)
        return done(to)
    return done("home" if to == FIRST_PAGE else to)


def _closed(request: HttpRequest, invitation: ColleagueInvitation, reason: str = "") -> HttpResponse:
    """Used, expired, revoked: a page with the next step."""
    request.session.pop(OPENED, None)
    context = {**_context(invitation), "reason": reason or why_closed(invitation)}
    return render(request, "public/joining/over.html", context, status=410)


def _speak_for(request: HttpRequest, invitation: ColleagueInvitation) -> None:
    speak(request, invitation.practice.language)
    set_clock(invitation.practice)


def _context(invitation: ColleagueInvitation) -> dict[str, Any]:
    return {
        "invitation": invitation,
        "practice": invitation.practice,
        "rights": rights_in_words(invitation.roles),
        "period": period_in_words(invitation.period),
    }
