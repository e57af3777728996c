"""Limits of a session: a time without use, and a total time (ASVS 7.3, docs/security-cases.md, 19, 22, 23).

Checked at every request. Requests that a page makes by itself (`X-Background: 1`) do not count as use.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from accounts.models import User
from audit.trail import record

GetResponse = Callable[[HttpRequest], HttpResponse]
SECOND_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]  # recovery codes alone do not count
STARTED, USED = "session_started", "session_used"
USED_PRECISION = 30  # seconds: so that not every request writes the session


class SessionLimitsMiddleware:
    """Ends sessions that are unused for too long, or too old; the user must sign in again."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        was_signed_in = request.user.is_authenticated
        if was_signed_in:
            now = int(time.time())
            started = request.session.setdefault(STARTED, now)
            used = request.session.setdefault(USED, now)
            if now - used > settings.SESSION_IDLE_SECONDS or now - started > settings.SESSION_COOKIE_AGE:
                logout(request)
            elif now - used >= USED_PRECISION and request.headers.get("X-Background") != "1":
                request.session[USED] = now
        response = self.get_response(request)
        if was_signed_in and not request.user.is_authenticated:
            # Pages hold health data. The browser's storage and the known device contain none and stay.
            response["Clear-Site-Data"] = '"cache"'
        return response


@transaction.atomic
def end_sessions(*, user: User, by: User | None) -> None:
    """Sign the account out of every browser."""
    sessions = list(UserSession.objects.filter(user=user))
    for session in sessions:
        session.end()
    if sessions:
        record("account.sessions_ended", by=by, on=user, detail={"count": len(sessions)})
