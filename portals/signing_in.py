"""Signs an account in that has just been opened by a link."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest

from accounts.models import User
from accounts.receivers import note_sign_in


def sign_in(request: HttpRequest, user: User, *, means: str, **more: Any) -> None:
    """Begin a session, which « Appareils connectés » lists and can end. `more`: what else allauth records of it."""
    record_authentication(request, user, method=means, **more)
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    note_sign_in(request=request, user=user)
    UserSession.objects.create_from_request(request)
