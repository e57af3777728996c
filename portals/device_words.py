"""A browser in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.browsers import browser_of


def device_words(user_agent: str) -> str:
    """For example: Chrome sur Android; Firefox sur Windows; Autre navigateur."""
    return browser_words(*browser_of(user_agent))


def browser_words(name: str, system: str) -> str:
    """The same, from the name and system that accounts.browsers returned."""
    browser = name or _("Autre navigateur")
    return _("%(browser)s sur %(system)s") % {"browser": browser, "system": system} if system else browser
