"""The language of pages that a message links to: the message's, until an account with its own language signs in."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import translation


def speak(request: HttpRequest, language: str) -> None:
    """Activate the language for the rest of this request; a signed-in user's own language wins."""
    if not request.user.is_authenticated:
        translation.activate(language)
