"""The template context of every page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.functional import SimpleLazyObject

from practices.roles import is_staff_of_any


def session_owner(user: AbstractBaseUser) -> str:
    """An opaque value by which scripts detect that another person signed in; it does not identify them."""
    return salted_hmac("portals.session-owner", str(user.pk)).hexdigest()[:16]


def session(request: HttpRequest) -> dict[str, Any]:
    """For signed-in users: after how long without activity their session ends, and which portal is theirs."""
    user = getattr(request, "user", None)
    if not user or not user.is_authenticated:
        return {}
    return {
        "session_idle_seconds": settings.SESSION_IDLE_SECONDS,
        "session_owner": session_owner(user),
        "is_staff_of_any": SimpleLazyObject(lambda: is_staff_of_any(user)),  # only shared pages read it
    }
