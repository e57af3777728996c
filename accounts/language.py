"""The language of an account: pages and messages."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from accounts.models import User
from audit.trail import record


@transaction.atomic
def change_language(*, user: User, language: str) -> None:
    """Raises ValidationError for a language that is not offered."""
    user.language = language
    user.full_clean(exclude=["password"])
    user.save(update_fields=["language"])
    record("account.language_changed", by=user, on=user)


class AccountLanguageMiddleware:
    """Activates the account's language for signed-in users; for others LocaleMiddleware uses the browser's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and not request.path.startswith("/api/"):
            translation.activate(request.user.language)
        return self.get_response(request)
