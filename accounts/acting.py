"""The acting user, for callbacks of libraries that do not pass one."""

from __future__ import annotations

from allauth.core import context
from django.http import HttpRequest

from accounts.models import User


def acting_user() -> User | None:
    """The user of the current request; None outside a request and before a sign-in."""
    request: HttpRequest | None = context.request
    user = getattr(request, "user", None)
    return user if isinstance(user, User) else None
