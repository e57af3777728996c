"""The language of pages that a message led to: that of the message, until there is an account that has its own."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import translation


def speak(request: HttpRequest, language: str) -> None:
    """For the rest of this request. Whoever is signed in reads in the account's own."""
    if not request.user.is_authenticated:
        translation.activate(language)
