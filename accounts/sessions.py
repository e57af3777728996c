"""How long a session lasts: so long without use, and so long in all (ASVS 7.3, docs/security-cases.md, 19, 22, 23).

Checked at every request. What a page asks for by itself (`X-Background: 1`) is not use.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]
SECOND_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]  # recovery codes alone are none
STARTED, USED = "session_started", "session_used"
USED_PRECISION = 30  # seconds: a session is not written at every request


class SessionLimitsMiddleware:
    """Ends sessions that were left alone, or are too old; whoever comes back signs in again."""

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
            # Pages hold health data. What the browser remembers of its own (storage, known device) holds none.
            response["Clear-Site-Data"] = '"cache"'
        return response
