"""Adapts allauth: no open sign-up (accounts are created after proof of identity), messages through our outbox."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.userkit import filter_users_by_email
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from accounts.account_letters import account_letter
from accounts.addresses import caller_address
from accounts.device_cookie import device_of, keep_device
from accounts.devices import SIGNED_IN_ON, note_seen
from accounts.models import User
from accounts.sole_control import sets_up_first_factor
from accounts.stages import needs_code
from accounts.tries import TooManyTries, count_try, note_failure
from audit.trail import record
from notifications.letters import plan_letter


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address as all our limits count it, IPv6 by /64."""
        return caller_address(request) or str(super().get_client_ip(request))

    def get_login_stages(self) -> list[str]:
        """allauth's stages, with our device stage before the second factor, which makes it unnecessary."""
        stages: list[str] = super().get_login_stages()
        second_factor = stages.index("allauth.mfa.stages.AuthenticateStage")
        return [*stages[:second_factor], "accounts.stages.NewDeviceStage", *stages[second_factor:]]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """allauth always asks again. Here, a user who has just signed in without a second factor sets up the first
        one, and sees its recovery codes, without typing the password again."""
        required: bool = super().is_reauthentication_required(app=app, **kwargs)
        return required and not (app == "allauth.mfa" and sets_up_first_factor(self.request))

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Replaces allauth's limit, by which five wrong passwords of a stranger lock out an account's owner."""
        self._typed = str(credentials.get("email") or credentials.get("username") or "").strip().lower()
        self._owner = _owner_of(self._typed)
        try:
            self._try = count_try(request, what="password", user=self._owner, typed=self._typed)
        except TooManyTries:
            note_failure(request, what="password", user=self._owner, typed=self._typed)
            raise self.validation_error("too_many_login_attempts") from None

    def _rollback_login_failed_rl_usage(self) -> None:
        """allauth calls it after a correct password."""
        self._try.was_right()

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        note_failure(request, what="password", user=self._owner, typed=self._typed, reached=self._try.reached)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """After signing in, an account that needs no code by SMS remembers the browser. This skips no code, but a
        stranger's wrong passwords can't lock the browser out."""
        device = device_of(request, user)
        request.session[SIGNED_IN_ON] = str(device.pk) if device else None
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if device is not None:
            note_seen(device)
        elif not needs_code(user):
            keep_device(request, response, user, code_given=False)
        return response

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue the email in the outbox, with our text (accounts/account_letters.py) and in the account's
        language."""
        user = User.objects.filter(email__iexact=email).first()
        language = user.language if user else translation.get_language() or "fr"
        with translation.override(language):
            letter = account_letter(template_prefix, _with_our_links(context))
            plan_letter(letter, to=email, language=language)


class SessionsAdapter(DefaultUserSessionsAdapter):
    @transaction.atomic
    def end_sessions(self, sessions: list[UserSession]) -> None:
        """Does nothing: users end sessions themselves, on « Appareils connectés »."""
        super().end_sessions(sessions)
        if sessions:
            user = sessions[0].user
            record("account.sessions_ended", by=user, on=user, detail={"count": len(sessions)})


def _owner_of(email: str) -> User | None:
    """The account whose password allauth will compare."""
    accounts: list[User] = filter_users_by_email(email, prefer_verified=True, for_login=True) if email else []
    return accounts[0] if accounts else None


def _with_our_links(context: dict[str, Any]) -> dict[str, Any]:
    """Replace allauth's links, which use the request's host, by links under PUBLIC_URL."""
    return {
        name: settings.PUBLIC_URL + urlsplit(value)._replace(scheme="", netloc="").geturl()
        if name.endswith("_url") and isinstance(value, str) and urlsplit(value).netloc
        else value
        for name, value in context.items()
    }
