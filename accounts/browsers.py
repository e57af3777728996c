"""Parses the User-Agent header: names of the browser and its system, by which users recognise their devices."""

from __future__ import annotations

import re
from typing import NamedTuple

# The order matters: other browsers name Chrome and Safari, too, for old sites.
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


class Browser(NamedTuple):
    """Names from the lists above; "" if none matches."""

    name: str
    system: str


def browser_of(user_agent: str) -> Browser:
    return Browser(_first(BROWSERS, user_agent), _first(SYSTEMS, user_agent))


def _first(known: dict[str, str], user_agent: str) -> str:
    return next((name for name, pattern in known.items() if re.search(pattern, user_agent)), "")
