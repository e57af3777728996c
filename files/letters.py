"""Which letters the installed fonts have. Imports no Django models.

A missing letter would be printed or stamped as an empty box, so authors get an error before anything is stored.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import uharfbuzz as hb
from django.utils.translation import gettext as _

NAMED = 12  # letters in a sentence
REPLACEMENT = "\ufffd"
UNDRAWN = re.compile("(?:\ufffd[\u200d\ufe0e\ufe0f]*)+")


@lru_cache(maxsize=64)
def _letters_of(path: str) -> frozenset[int]:
    return frozenset(hb.Face(hb.Blob.from_file_path(path)).unicodes)


def missing_letters(text: str, fonts: Iterable[Path]) -> list[str]:
    """The letters of the text that no font has, without duplicates, in order. Invisible characters do not count."""
    known = [_letters_of(str(path)) for path in fonts]
    return [letter for letter in _shown(text) if not any(_has(letters, letter) for letters in known)]


def needed_fonts(text: str, fonts: Mapping[str, Path]) -> list[str]:
    """The names of the fonts that the text needs: each letter is set in the first that has it."""
    needed: set[str] = set()
    for letter in _shown(text):
        first = next((name for name, path in fonts.items() if _has(_letters_of(str(path)), letter)), None)
        needed |= {first} if first else set()
    return [name for name in fonts if name in needed]


def replaced(text: str, letters: Iterable[str]) -> str:
    """The text with the replacement character in place of these letters."""
    return text.translate(dict.fromkeys(map(ord, letters), REPLACEMENT))


def drawable(text: str, fonts: Iterable[Path]) -> str:
    """The text as far as the fonts can draw it: a letter that none has is its plain form (“𝓐” is “A”) or, without
    one, a question mark; several in a row are one."""
    known = list(fonts)
    plainer: dict[int, str] = {}
    for letter in missing_letters(text, known):
        forms = (unicodedata.normalize("NFKC", letter), unicodedata.normalize("NFKD", letter)[:1])
        plainer[ord(letter)] = next((form for form in forms if not missing_letters(form, known)), REPLACEMENT)
    shown = unicodedata.normalize("NFC", text).translate(plainer)
    return UNDRAWN.sub("?", shown)


def missing_sentence(letters: list[str]) -> str:
    """Names the letters, and says what to do."""
    named = ", ".join(f"«\u00a0{letter}\u00a0» (U+{ord(letter):04X})" for letter in letters[:NAMED])
    more = "\u00a0…" if len(letters) > NAMED else ""
    return _(
        "Ces caractères ne peuvent pas être imprimés, aucune police installée ne les a : %(letters)s. "
        "Écrivez-les autrement ou retirez-les, puis réessayez."
    ) % {"letters": named + more}


def _shown(text: str) -> dict[str, None]:
    """Each letter once, as it is drawn: accents composed with their letters."""
    return dict.fromkeys(
        letter
        for letter in unicodedata.normalize("NFC", text)
        if not (letter.isspace() or unicodedata.category(letter) in ("Cc", "Cf") or _selects_a_form(letter))
    )


def _selects_a_form(letter: str) -> bool:
    """Variation selectors (Unicode 16, 23.4)."""
    return "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"


def _has(letters: frozenset[int], letter: str) -> bool:
    parts = unicodedata.normalize("NFD", letter)
    return ord(letter) in letters or (parts != letter and all(ord(part) in letters for part in parts))
