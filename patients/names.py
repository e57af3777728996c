"""Names as people type them: without accents, in any case, with or without hyphens."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

NOT_IN_NAMES = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """Lower case, without accents, every run of anything but letters and digits a space."""
    return _plain_name(text) if len(text) <= 100 else _plain(text)


@lru_cache(maxsize=20_000)
def _plain_name(name: str) -> str:
    return _plain(name)


def _plain(text: str) -> str:
    spelt = text.casefold().replace("œ", "oe").replace("æ", "ae").replace("ø", "o").replace("ł", "l")
    bare = "".join(one for one in unicodedata.normalize("NFKD", spelt) if not unicodedata.combining(one))
    return NOT_IN_NAMES.sub(" ", bare).strip()
