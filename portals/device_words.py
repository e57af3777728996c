"""What a browser says of itself (User-Agent), in words by which people know their devices again."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

# In this order: others than Chrome and Safari name those two as well, for old sites.
BROWSERS = {
    "Edge": r"\bEdg(A|iOS)?/",
    "Opera": r"\b(OPR|OPT)/",
    "Samsung Internet": r"\bSamsungBrowser/",
    "Firefox": r"\b(Firefox|FxiOS)/",
    "Chrome": r"(Chrome|CriOS)/",
    "Safari": r"\bVersion/\S+ .*Safari/",
}
SYSTEMS = {
    "iPhone": r"\biPhone\b",
    "iPad": r"\biPad\b",
    "Android": r"\bAndroid\b",
    "Windows": r"\bWindows\b",
    "ChromeOS": r"\bCrOS\b",
    "Mac": r"\bMacintosh\b",
    "Linux": r"\bLinux\b",
}


def device_words(user_agent: str) -> str:
    """Chrome sur Android; Firefox sur Windows; Autre navigateur."""
    browser = _first(BROWSERS, user_agent) or _("Autre navigateur")
    system = _first(SYSTEMS, user_agent)
    return _("%(browser)s sur %(system)s") % {"browser": browser, "system": system} if system else browser


def _first(known: dict[str, str], user_agent: str) -> str:
    return next((name for name, pattern in known.items() if re.search(pattern, user_agent)), "")
