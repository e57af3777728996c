"""allauth's pages of passkeys, which answer a wrong passkey with status 400 and a sentence."""

from __future__ import annotations

from typing import Any

from allauth.mfa.webauthn.views import AddWebAuthnView, LoginWebAuthnView, ReauthenticateWebAuthnView
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme, urlencode


class LoginView(LoginWebAuthnView):
    def form_invalid(self, form: Any) -> HttpResponse:
        context = {"sentence": _sentence(form), "back": _sign_in_page(self.request)}
        return render(self.request, "errors/refused.html", context, status=400)


class ReauthenticateView(ReauthenticateWebAuthnView):
    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=400)
        return response


class AddView(AddWebAuthnView):
    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=400)
        return response


def _sentence(form: Any) -> str:
    return " ".join(dict.fromkeys(str(one) for errors in form.errors.values() for one in errors))


def _sign_in_page(request: HttpRequest) -> str:
    """The way back leads on to the page that asked to sign in."""
    page, to = resolve_url(settings.LOGIN_URL), request.POST.get(REDIRECT_FIELD_NAME, "")
    ours = url_has_allowed_host_and_scheme(to, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return f"{page}?{urlencode({REDIRECT_FIELD_NAME: to})}" if to and ours else page


login = LoginView.as_view()
reauthenticate = ReauthenticateView.as_view()
add = AddView.as_view()
