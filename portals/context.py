"""What every page knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.roles import is_staff_of_any


def session(request: HttpRequest) -> dict[str, Any]:
    """For whoever is signed in: how long a page may be left alone before its session ends; which portal is theirs."""
    user = getattr(request, "user", None)
    if not user or not user.is_authenticated:
        return {}
    return {
        "session_idle_seconds": settings.SESSION_IDLE_SECONDS,
        "is_staff_of_any": SimpleLazyObject(lambda: is_staff_of_any(user)),  # asked only by pages of both portals
    }
