"""From a link to an account: who one is, then a password or a passkey.

A GET consumes nothing. The first page stores what was typed in the session; the second uses the link up.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.recovery_codes.internal.flows import auto_generate_recovery_codes
from allauth.mfa.webauthn.internal import auth
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.account_links import Passkey, Person, find_link, why_closed
from accounts.models import AccountLink, Purpose, User
from accounts.operators import accept_with_account, open_operators_account, own_operators
from accounts.passkeys import NewAccountForm
from portals.answers import done, not_done, refusals_shown
from portals.form_errors import refusals_in
from portals.new_password import PasswordForm
from portals.operator.forms import PersonForm
from portals.signing_in import sign_in
from practices.joining import find_invitation

TYPED = "account_link"  # in the session: the link, and who opens the account
FIRST_STEPS = "first_steps"  # in the session, until the first practice is made or left for later
View = Callable[..., HttpResponse]


def _no_referrer(view: View) -> View:
    """The address holds the token: no referrer, and so no CSRF check, as for a patient's invitation."""

    @csrf_exempt
    @wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> HttpResponse:
        response = view(*args, **kwargs)
        response["Referrer-Policy"] = "no-referrer"
        return response

    return wrapped


@login_not_required
@_no_referrer
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, token: str) -> HttpResponse:
    if find_invitation(token):  # sent by the version before, which invited administrators by this address
        return not_done("joining", secret=token)
    link = find_link(token)
    if link is None:
        raise Http404
    if reason := _closed(link):
        return _over(request, reason)
    if link.email and (owner := _other_owner(link)):
        return _with_account(request, link, owner)
    form = PersonForm(request.POST or None, link=link)
    if request.method == "POST" and form.is_valid():
        typed = {"email": link.email, **form.cleaned_data}
        if not link.email and User.objects.filter(email__iexact=typed["email"]).exists():
            form.add_error("email", _("Un compte a déjà cette adresse. Donnez-en une autre."))
        else:
            request.session[TYPED] = {"link": str(link.pk), **typed}
            return done("operator:means")
    return _page(request, "start", form, link)


@sensitive_post_parameters()
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def means(request: HttpRequest) -> HttpResponse:
    """A password or a passkey, then the session begins."""
    typed = request.session.get(TYPED)
    link = AccountLink.objects.select_related("user").filter(pk=typed["link"]).first() if typed else None
    if typed is None or link is None:
        return render(request, "operator/over.html", {"reason": "lost"}, status=404)
    if reason := _closed(link):
        return _over(request, reason)
    person = Person(typed["email"], typed["first_name"], typed["last_name"])
    account = User(
        pk=link.user_id or link.pk, email=person.email, first_name=person.first_name, last_name=person.last_name
    )
    by_passkey = "credential" in request.POST
    password = PasswordForm(None if by_passkey else request.POST or None, user=account)
    passkey = NewAccountForm(request.POST if by_passkey else None)
    form = passkey if by_passkey else password
    if request.method == "POST" and form.is_valid():
        proof = Passkey(form.cleaned_data["credential"]) if by_passkey else form.cleaned_data["password"]
        with refusals_in(form):
            return _opened(request, link, person, proof)
    options = {"creation_options": auth.begin_registration(account, passwordless=True)}  # as webauthn.js reads it
    return _page(request, "means", form, link, password=password, passkey=passkey, account=account, options=options)


def _opened(request: HttpRequest, link: AccountLink, person: Person, proof: str | Passkey) -> HttpResponse:
    user = open_operators_account(link=link, person=person, means=proof)
    request.session.pop(TYPED, None)
    sign_in(request, user, means="account_link")
    request.session[FIRST_STEPS] = True
    if isinstance(proof, Passkey):
        auto_generate_recovery_codes(request)
        messages.success(
            request, _("Votre compte est ouvert. Gardez vos codes de secours : « Sécurité » les montre.")
        )
    else:
        messages.success(request, _("Votre compte est ouvert."))
        if settings.STAFF_SECOND_FACTOR:
            return done("mfa_activate_totp")
    is_first = link.purpose == Purpose.FIRST_OPERATOR and not user.memberships.exists()
    return done("operator:practice-new" if is_first else "home")


def _other_owner(link: AccountLink) -> User | None:
    """The account at the invited address that the link does not complete itself."""
    owner = User.objects.filter(email__iexact=link.email).first()
    return None if owner is None or owner.pk == link.user_id else owner


def _with_account(request: HttpRequest, link: AccountLink, owner: User) -> HttpResponse:
    """The invited address has an account: its owner signs in with it, and accepts."""
    if request.method == "POST" and request.user.pk == owner.pk:
        with refusals_shown(request) as refusal:
            accept_with_account(link=link, user=owner)
            messages.success(request, _("L’invitation est acceptée."))
        return refusal.redirect("home")
    back = f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': request.path})}"
    context = {"link": link, "owner": owner, "sign_in": back}
    return render(request, "operator/accept.html", context)


def _closed(link: AccountLink) -> str:
    """Why the link is closed; "" while it is open. A first operator made otherwise closes it, too."""
    if reason := why_closed(link):
        return reason
    others = own_operators().exclude(pk=link.user_id) if link.user_id else own_operators()
    return "operator" if link.purpose == Purpose.FIRST_OPERATOR and others.exists() else ""


def _over(request: HttpRequest, reason: str) -> HttpResponse:
    request.session.pop(TYPED, None)
    return render(request, "operator/over.html", {"reason": reason}, status=410)


def _page(request: HttpRequest, name: str, form: Any, link: AccountLink, **context: Any) -> HttpResponse:
    """The page of a step; status 400 if the answer was wrong."""
    steps = 3 + bool(settings.STAFF_SECOND_FACTOR)
    context |= {"form": form, "link": link, "steps": steps}
    context["is_first"] = link.purpose == Purpose.FIRST_OPERATOR
    return render(request, f"operator/{name}.html", context, status=400 if form.errors else 200)
