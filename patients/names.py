"""Compares names as people type them, without accents, case or hyphens; and splits searches into words."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from files.names import composed
from practices.plain_text import plain as plain

MAX_SEARCH_WORDS = 8
MAX_SEARCH_LENGTH = 200  # characters
NOT_IN_NUMBERS = re.compile(r"[^\d\s./()+-]")
# Dashes, slashes and dots that people put into dates and telephone numbers.
PARTING = dict.fromkeys(map(ord, "‐‑‒–—―−⁄∕·•\\,:_،٫٬"), "/")


class SearchTooLong(ValidationError):
    """The search is too long: each word costs the database another pass over every record."""


def check_search(typed: str) -> None:
    """Raises SearchTooLong, with the sentence for the user."""
    if len(typed) > MAX_SEARCH_LENGTH or len(typed.split()) > MAX_SEARCH_WORDS:
        raise _too_long()


def search_words(typed: str) -> list[str]:
    """Each word once, normalised by `plain`. Raises SearchTooLong."""
    check_search(typed)
    words = list(dict.fromkeys(plain(typed).split()))
    if len(words) > MAX_SEARCH_WORDS:  # a-b-c is one word as typed, and three here
        raise _too_long()
    return words


def typed_number(typed: str) -> str | None:
    """The digits to search for in mobiles, if the text is a telephone number: 06 12.34-56, +33 (0)6, 0033 6, ٠٦
    ١٢."""
    typed = written_plainly(typed)
    digits = "".join(one for one in typed if one.isdecimal())
    if not digits or NOT_IN_NUMBERS.search(typed):
        return None
    if typed.strip().startswith("+"):
        return digits.replace("330", "33", 1) if digits.startswith("330") else digits  # +33 (0)6
    if digits.startswith("00"):
        return digits[2:]
    return digits[1:] if digits.startswith("0") else None


def _too_long() -> SearchTooLong:
    limits = {"words": MAX_SEARCH_WORDS, "length": MAX_SEARCH_LENGTH}
    sentence = _("Cherchez avec %(words)d mots au plus, et %(length)d caractères au plus.") % limits
    return SearchTooLong({"search": ValidationError(sentence, code="search_too_long")})


def ascii_digits(text: str) -> str:
    """Replaces decimal digits of any script by 0 to 9; keeps everything else, and so the length."""
    return "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in text)


def written_plainly(typed: str) -> str:
    """A number or a date in digits 0 to 9, with a slash for each dash, dot or other separator."""
    return unicodedata.normalize("NFKC", ascii_digits(kept(typed))).translate(PARTING)


def kept(typed: str) -> str:
    """The stored form: composed (Unicode's NFC), one space between words, no invisible characters."""
    return composed(typed)


def joined(text: str) -> str:
    """`plain`, as one word: makes O'Reilly and Oreilly, or Jean-Pierre and Jeanpierre, equal."""
    return plain(text).replace(" ", "")


def same_names(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether two pairs of first and last name are equal, in any spelling."""
    return [joined(name) for name in one] == [joined(name) for name in other]
