"""Names of files as people gave them, made harmless: shown as text, never used as a path."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

MAX_CHARACTERS = 200
FALLBACK = "document"


def clean_name(given: str | None) -> str:
    """The last part of the name, without control, formatting (bidi) and separator characters, in NFC."""
    last = (given or "").replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(
        character
        for character in unicodedata.normalize("NFC", last)
        if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    )
    name = " ".join(kept.split()).strip(". ")
    if not name:
        return FALLBACK
    path = PurePosixPath(name)
    suffix = path.suffix[:10]
    return path.stem[: MAX_CHARACTERS - len(suffix)] + suffix if suffix else name[:MAX_CHARACTERS]


def extension_of(name: str) -> str:
    """The last extension, lower case, with its dot; empty where there is none."""
    return PurePosixPath(name).suffix.lower()
