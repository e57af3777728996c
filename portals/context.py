"""What every page knows."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def session(request: HttpRequest) -> dict[str, int]:
    """How long the page may be left alone before its session ends, for whoever is signed in."""
    user = getattr(request, "user", None)
    return {"session_idle_seconds": settings.SESSION_IDLE_SECONDS} if user and user.is_authenticated else {}
