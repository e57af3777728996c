"""The cookie by which a browser is known to an account (accounts/devices.py)."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.devices import remember
from accounts.models import User
from accounts.models.device import REMEMBERED


def keep_device(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Once the account's mobile was proved in this browser."""
    secret = remember(user, request.COOKIES.get(settings.DEVICE_COOKIE_NAME))
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        secret,
        max_age=REMEMBERED,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
