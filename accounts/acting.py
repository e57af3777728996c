"""Who is at work, where a library calls back and says only what is done."""

from __future__ import annotations

from allauth.core import context
from django.http import HttpRequest

from accounts.models import User


def acting_user() -> User | None:
    """Whoever is signed in at the request of this moment; None outside a request and before a sign-in."""
    request: HttpRequest | None = context.request
    user = getattr(request, "user", None)
    return user if isinstance(user, User) else None
