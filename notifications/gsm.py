"""The alphabet of an SMS (3GPP TS 23.038, 6.2.1): one letter outside makes the whole SMS UCS-2, of 70 signs instead
of 160, and it costs two or three.
"""

from __future__ import annotations

import unicodedata

ONE_SEGMENT = 160  # septets
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")  # two septets each
# What a decomposition does not give.
ALIKE = {
    "’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‹": "'", "›": "'",
    "–": "-", "—": "-", "‑": "-", "−": "-", "…": "...", "•": "-", "·": ".", "→": ">", "\t": " ", "\u2044": "/",
    "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "Þ": "Th", "ħ": "h",
    "ı": "i", "ŋ": "n",
    "\u200b": "", "\u00ad": "", "\ufeff": "", "\u2028": "\n", "\u2029": "\n",
}  # fmt: skip


def in_gsm(text: str) -> str:
    """The text with what the alphabet lacks written in it: ç as c, ê as e, a no-break space as a space; é and à stay.

    What has no likeness in it (Greek in lower case, Chinese) stays: a name that nobody can read helps nobody.
    """
    return "".join(map(_alike, unicodedata.normalize("NFC", text)))


def septets(text: str) -> int | None:
    """How long the text is, in septets; None if the alphabet lacks one of its letters."""
    if not BASIC.union(EXTENSION).issuperset(text):
        return None
    return len(text) + sum(letter in EXTENSION for letter in text)


def one_segment(pattern: str, *, name: str, tail: str = "", **facts: str) -> str:
    """`pattern` % the facts, and `%(practice)s` is the name: cut where the whole would not be one SMS. `tail` follows
    if there is room for it.

    Where the facts alone take the room (a link at a very long host), the name keeps NAME_KEPT signs, and the SMS
    costs two: a link or an hour is never cut.
    """
    name = " ".join(in_gsm(name).split())
    whole = in_gsm(pattern % {**facts, "practice": name})
    over = _length(whole) - ONE_SEGMENT
    if over <= 0:
        longer = f"{whole} {in_gsm(tail)}"
        return longer if tail and _length(longer) <= ONE_SEGMENT else whole
    kept = max(_length(name) - over - len(CUT), NAME_KEPT)
    return in_gsm(pattern % {**facts, "practice": _cut(name, kept)})


CUT, NAME_KEPT = "...", 12


def _cut(name: str, room: int) -> str:
    while _length(name) > room:
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
