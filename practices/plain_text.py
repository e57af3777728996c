"""Text without accents, case or hyphens, as searches compare it."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

PARTING_WORDS = re.compile(r"[\W_]+")
# Letters that Unicode neither decomposes nor names after a base letter.
SPELT = str.maketrans({"œ": "oe", "æ": "ae", "þ": "th", "ð": "d", "ŋ": "n", "ı": "i", "ĸ": "k", "ə": "e", "ſ": "s"})
OF_A_LETTER = re.compile(r"LATIN SMALL LETTER ([A-Z]) WITH ")  # ł, ø, đ, ħ, ŧ, ƴ …


def plain(text: str) -> str:
    """Lower case, without accents; every run of other characters than letters and digits becomes a space."""
    return _plain_name(text) if len(text) <= 100 else _plain(text)


@lru_cache(maxsize=20_000)
def _plain_name(name: str) -> str:
    return _plain(name)


def _plain(text: str) -> str:
    visible = "".join(
        character for character in text if unicodedata.category(character) != "Cf"
    )  # a soft hyphen separates nothing
    bare = unicodedata.normalize("NFKD", visible.casefold().translate(SPELT))
    letters = (_letter(character) for character in bare.casefold() if not unicodedata.combining(character))
    return PARTING_WORDS.sub(" ", "".join(letters)).strip()


def _letter(character: str) -> str:
    if character.isascii():
        return character
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    named = OF_A_LETTER.match(unicodedata.name(character, ""))
    return named[1].lower() if named else character
