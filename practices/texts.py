"""How the texts that a practice writes are stored."""

from __future__ import annotations

import unicodedata


def one_line(typed: str) -> str:
    """Composed (Unicode's NFC), one space between words, no invisible characters."""
    visible = "".join(character for character in typed if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFC", " ".join(visible.split()))


def lines(typed: str) -> str:
    """The same for each line; no empty lines at the ends, no two in a row."""
    written = [one_line(line) for line in typed.splitlines()]
    remaining = [line for number, line in enumerate(written) if line or (number and written[number - 1])]
    return "\n".join(remaining).strip()
