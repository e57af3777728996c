"""The alphabet of an SMS (3GPP TS 23.038, 6.2.1): one letter outside makes the whole SMS UCS-2, of 70 signs instead
of 160, and it costs two or three.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from anyascii import anyascii

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

    Letters of other scripts become Latin ones (Лилия as Liliya): one of them would make the SMS cost two. A sign that
    has no letters (a picture) is left out.
    """
    written = "".join(map(_alike, unicodedata.normalize("NFC", text)))
    if BASIC.union(EXTENSION).issuperset(written):
        return written
    return "".join(letter if letter in EXTENSION else _latin(letter) for letter in written)


def septets(text: str) -> int | None:
    """How long the text is, in septets; None if the alphabet lacks one of its letters."""
    if not BASIC.union(EXTENSION).issuperset(text):
        return None
    return len(text) + sum(letter in EXTENSION for letter in text)


def one_segment(
    pattern: str, *, name: str, details: Sequence[Sequence[str]] = (), tail: str = "", **facts: str
) -> str:
    """`pattern` % the facts. `%(practice)s` is the name, cut where the whole would not be one SMS.

    `details`: what is said where there is room, the most important first, each in its forms from the longest to the
    shortest. The first form that fits stands where `%(details)s` is; for them the name gives way down to
    NAME_BESIDE signs. `tail` follows if there is room for it beside the whole name.

    Where the facts alone take the room (a link at a very long host), the name keeps NAME_KEPT signs, and the SMS
    costs two: a link or an hour is never cut.
    """
    name = " ".join(in_gsm(name).split())
    said = ""
    for forms in details:
        room = ONE_SEGMENT - _length(_written(pattern, _shortened(name, NAME_BESIDE), said, facts))
        said += next((form for one in forms if _length(form := in_gsm(one)) <= room), "")
    whole = _written(pattern, name, said, facts)
    over = _length(whole) - ONE_SEGMENT
    if over <= 0:
        longer = f"{whole} {in_gsm(tail)}"
        return longer if tail and _length(longer) <= ONE_SEGMENT else whole
    return _written(pattern, _shortened(name, max(_length(name) - over, NAME_KEPT + len(CUT))), said, facts)


CUT, NAME_KEPT, NAME_BESIDE = "...", 12, 24


def shortened(text: str, room: int) -> str:
    """In the alphabet of an SMS, in so many septets at most: cut, with three dots, where it is longer."""
    return _shortened(" ".join(in_gsm(text).split()), room)


def _written(pattern: str, name: str, said: str, facts: dict[str, str]) -> str:
    return in_gsm(pattern % {**facts, "practice": name, "details": said})


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
    """Greek capitals too, which the alphabet has: half a word in each script is not read."""
    if letter in BASIC and not "\u0370" <= letter <= "\u03ff":
        return letter
    if not unicodedata.category(letter).startswith(("L", "N", "P", "Z")):
        return ""
    return "".join(part for part in anyascii(letter) if part in BASIC)
