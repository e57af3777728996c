"""Names as people type them: without accents, in any case, with or without hyphens; and the words of a search."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

NOT_IN_NAMES = re.compile(r"[\W_]+")
MAX_SEARCH_WORDS = 8
MAX_SEARCH_LENGTH = 200  # characters
# What Unicode neither decomposes nor names after its letter.
SPELT = str.maketrans({"œ": "oe", "æ": "ae", "þ": "th", "ð": "d", "ŋ": "n", "ı": "i", "ĸ": "k", "ə": "e", "ſ": "s"})
NOT_IN_NUMBERS = re.compile(r"[^\d\s./()+-]")
# Dashes, strokes and dots with which people part the numbers of a date or of a telephone.
PARTING = dict.fromkeys(map(ord, "‐‑‒–—―−⁄∕·•\\,:_،٫٬"), "/")
JOINERS = "\u200c\u200d"  # Persian and Indian names are spelt with them
OF_A_LETTER = re.compile(r"LATIN SMALL LETTER ([A-Z]) WITH ")  # ł, ø, đ, ħ, ŧ, ƴ …


class SearchTooLong(ValidationError):
    """More than any search needs: each word costs the database another look at every record."""


def check_search(typed: str) -> None:
    """Raises SearchTooLong, with the sentence for whoever typed it."""
    if len(typed) > MAX_SEARCH_LENGTH or len(typed.split()) > MAX_SEARCH_WORDS:
        raise _too_long()


def search_words(typed: str) -> list[str]:
    """Each word once, as `plain` writes it. Raises SearchTooLong."""
    check_search(typed)
    words = list(dict.fromkeys(plain(typed).split()))
    if len(words) > MAX_SEARCH_WORDS:  # a-b-c is one word when typed, and three here
        raise _too_long()
    return words


def typed_number(typed: str) -> str | None:
    """The digits to find in a mobile, if a telephone's number was typed: 06 12.34-56, +33 (0)6, 0033 6, ٠٦ ١٢."""
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
    """Decimal digits of any script as 0 to 9; the rest, and so the length, as it is."""
    return "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in text)


def written_plainly(typed: str) -> str:
    """A number or a date in digits 0 to 9, with a stroke for each dash, dot or other sign that parts them."""
    return unicodedata.normalize("NFKC", ascii_digits(kept(typed))).translate(PARTING)


def kept(typed: str) -> str:
    """As it is stored: composed (Unicode's NFC), one space between words, nothing that cannot be seen."""
    visible = "".join(one for one in typed if one in JOINERS or unicodedata.category(one) != "Cf")
    return unicodedata.normalize("NFC", " ".join(visible.split()))


def plain(text: str) -> str:
    """Lower case, without accents, every run of anything but letters and digits a space."""
    return _plain_name(text) if len(text) <= 100 else _plain(text)


def joined(text: str) -> str:
    """`plain`, in one word: O'Reilly and Oreilly, Jean-Pierre and Jeanpierre are one way to write a name."""
    return plain(text).replace(" ", "")


def same_names(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether two pairs of a first and a last name are the same, however they are typed."""
    return [joined(name) for name in one] == [joined(name) for name in other]


@lru_cache(maxsize=20_000)
def _plain_name(name: str) -> str:
    return _plain(name)


def _plain(text: str) -> str:
    visible = "".join(one for one in text if unicodedata.category(one) != "Cf")  # a soft hyphen parts nothing
    bare = unicodedata.normalize("NFKD", visible.casefold().translate(SPELT))
    letters = (_letter(one) for one in bare.casefold() if not unicodedata.combining(one))
    return NOT_IN_NAMES.sub(" ", "".join(letters)).strip()


def _letter(character: str) -> str:
    if character.isascii():
        return character
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    named = OF_A_LETTER.match(unicodedata.name(character, ""))
    return named[1].lower() if named else character
