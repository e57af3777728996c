"""The alphabet of an SMS (3GPP TS 23.038, 6.2.1). One character outside it makes the whole SMS UCS-2, with 70
characters instead of 160, which costs two or three SMS."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from anyascii import anyascii
from django.utils.translation import gettext as _

ONE_SEGMENT = 160  # septets
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")  # two septets each
# Scripts that write vowels, or that pinyin transcribes: a reader recognises the name in Latin letters. Other scripts
# are transcribed without vowels (مركز as mrkz), or character by character, so nobody recognises the name.
READABLE = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "GEORGIAN", "HANGUL", "HIRAGANA", "KATAKANA", "CJK")
# Letters without a Unicode decomposition.
ALIKE = {
    "’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‹": "'", "›": "'",
    "–": "-", "—": "-", "‑": "-", "−": "-", "…": "...", "•": "-", "·": ".", "→": ">", "\t": " ", "\u2044": "/",
    "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "Þ": "Th", "ħ": "h",
    "ı": "i", "ŋ": "n",
    "\u200b": "", "\u00ad": "", "\ufeff": "", "\u2028": "\n", "\u2029": "\n",
}  # fmt: skip


def in_gsm(text: str) -> str:
    """The text in this alphabet: ç becomes c, ê becomes e, a no-break space a space; é and à stay.

    Letters of other scripts become Latin ones (Лилия as Liliya): one of them would make the SMS cost two. A character
    without letters (an emoji) is left out.
    """
    written = "".join(map(_alike, unicodedata.normalize("NFC", text)))
    if BASIC.union(EXTENSION).issuperset(written):
        return written
    return "".join(letter if letter in EXTENSION else _latin(letter) for letter in written)


def readable(name: str) -> str:
    """The part of a name that an SMS uses: its words that are readable in Latin letters, as “Haddad” of “حداد
    (Haddad)”; "" if there are none. Emails have the whole name."""
    words = [word for word in name.split() if all(map(_is_readable, word))]
    text = " ".join(words) if len(words) == len(name.split()) else " ".join(word.strip("()[]") for word in words)
    return text if any(letter.isalnum() for letter in text) else ""


def _is_readable(letter: str) -> bool:
    return not letter.isalpha() or unicodedata.name(letter, "").startswith((*READABLE, "FULLWIDTH LATIN", "MODIFIER"))


def septets(text: str) -> int | None:
    """The length of the text in septets; None if a character is not in the alphabet."""
    if not BASIC.union(EXTENSION).issuperset(text):
        return None
    return len(text) + sum(letter in EXTENSION for letter in text)


def one_segment(
    pattern: str,
    *,
    name: str,
    details: Sequence[Sequence[str]] = (),
    tail: str = "",
    tail_first: bool = False,
    **facts: str,
) -> str:
    """`pattern` % the facts. `%(practice)s` is the name, cut if the whole would not fit into one SMS; “Votre cabinet”
    where it cannot be read in Latin letters.

    `details`: optional parts, the most important first, each in its forms from the longest to the shortest. The first
    form that fits replaces `%(details)s`; the name is cut down to NAME_BESIDE characters for them. `tail` follows if
    it fits with the whole name; with `tail_first` it comes before the details, and the name is cut for it, too.

    If the facts alone fill the SMS (a link at a very long host), the name keeps NAME_KEPT characters and the SMS
    costs two: a link or a time is never cut.
    """
    name = " ".join(in_gsm(readable(name) or _("Votre cabinet")).split())
    chosen = ""
    if tail and tail_first:
        longer = f"{pattern} {in_gsm(tail).replace('%', '%%')}"
        if _length(_written(longer, _shortened(name, NAME_BESIDE), "", facts)) <= ONE_SEGMENT:
            pattern, tail = longer, ""
    for forms in details:
        room = ONE_SEGMENT - _length(_written(pattern, _shortened(name, NAME_BESIDE), chosen, facts))
        chosen += next((form for candidate in forms if _length(form := in_gsm(candidate)) <= room), "")
    whole = _written(pattern, name, chosen, facts)
    over = _length(whole) - ONE_SEGMENT
    if over <= 0:
        longer = f"{whole} {in_gsm(tail)}"
        return longer if tail and _length(longer) <= ONE_SEGMENT else whole
    return _written(pattern, _shortened(name, max(_length(name) - over, NAME_KEPT + len(CUT))), chosen, facts)


CUT, NAME_KEPT, NAME_BESIDE = "...", 12, 24


def shortened(text: str, room: int) -> str:
    """The text in the alphabet of an SMS, cut to at most so many septets, with three dots."""
    return _shortened(" ".join(in_gsm(text).split()), room)


def _written(pattern: str, name: str, details: str, facts: dict[str, str]) -> str:
    return in_gsm(pattern % {**facts, "practice": name, "details": details})


def _shortened(name: str, room: int) -> str:
    if _length(name) <= room:
        return name
    while _length(name) > room - len(CUT):
        name = name[:-1]
    return name.rstrip(" ,;:.-'\"(") + CUT


def _length(text: str) -> int:
    return len(text) + sum(letter in EXTENSION for letter in text)


def _alike(letter: str) -> str:
    if letter in BASIC or letter in EXTENSION:
        return letter
    if letter in ALIKE:
        return ALIKE[letter]
    plain = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    plain = "".join(ALIKE.get(part, part) for part in plain)
    return plain if BASIC.issuperset(plain) else letter


def _latin(letter: str) -> str:
    """Also replaces Greek capitals, which the alphabet has: a word in two scripts is unreadable."""
    if letter in BASIC and not "\u0370" <= letter <= "\u03ff":
        return letter
    if not unicodedata.category(letter).startswith(("L", "N", "P", "Z")):
        return ""
    return "".join(part for part in anyascii(letter) if part in BASIC)
