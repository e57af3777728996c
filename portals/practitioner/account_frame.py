"""The staff's frame around pages of packages about the account itself: passwords, passkeys, sessions."""

from __future__ import annotations

from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest

from accounts.models import User
from accounts.sessions import SECOND_FACTORS
from portals.practitioner.staff import frame
from practices.roles import is_staff_of_any

ACCOUNT = "/account/"


def account_frame(request: HttpRequest) -> dict[str, Any]:
    """A context processor: `account_layout` and what the frame shows, on pages below /account/ alone.

    Without the second factor that the installation requires, no page of the frame opens: it would lead in circles.
    """
    user = request.user
    if not request.path.startswith(ACCOUNT) or not isinstance(user, User) or not is_staff_of_any(user):
        return {}
    if settings.STAFF_SECOND_FACTOR and not is_mfa_enabled(user, SECOND_FACTORS):
        return {}
    return {**frame(request, user, "security"), "account_layout": "staff_base.html"}
