"""Parses what a child of the sandbox answers into values of known types and bounds.

A document may control a child, so every answer passes here before other code uses it. An answer of another form is
treated like the death of the child.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NoReturn, TypeVar

from files.sandbox import SandboxCrashed

T = TypeVar("T")
MAX_COUNT: Final = (1 << 31) - 1  # the largest value of an integer column
MAX_LINE: Final = 300  # characters of a name
FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)  # valid dates in every time zone


class WrongForm(SandboxCrashed):
    """The answer does not have the expected form."""

    def __init__(self, fault: str) -> None:
        super().__init__(f"answers nonsense: {fault}")


@dataclass(frozen=True)
class Refusal:
    """`code`: one of the codes that the job's caller knows."""

    code: str


def fields(answer: object) -> dict[str, object]:
    """Require a JSON object. Raises WrongForm."""
    return {text(key): value for key, value in answer.items()} if isinstance(answer, dict) else _wrong("object")


def refusal(answer: object, codes: Collection[str]) -> Refusal | None:
    """Parse `{"refused": code}`; None for an answer that is no refusal. Raises WrongForm."""
    entries = fields(answer)
    return Refusal(one_of(entries["refused"], codes)) if "refused" in entries else None


def entry(entries: dict[str, object], key: str) -> object:
    return entries[key] if key in entries else _wrong(f"no {key}")


def truth(value: object) -> bool:
    return value if isinstance(value, bool) else _wrong("truth")


def count(value: object, *, most: int = MAX_COUNT) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        return _wrong("number")
    return value


def one_of(value: object, allowed: Collection[str]) -> str:
    return value if isinstance(value, str) and value in allowed else _wrong("code")


def text(value: object, *, longest: int | None = None) -> str:
    """Text that a database and a page accept: without NUL and lone surrogates (Unicode 16, 3.8), cut at `longest`."""
    if not isinstance(value, str):
        return _wrong("text")
    return "".join(c for c in value[:longest] if c != "\0" and not 0xD800 <= ord(c) <= 0xDFFF)


def line(value: object) -> str:
    """A name for display: without control characters (Unicode's categories C), cut at MAX_LINE."""
    if not isinstance(value, str):
        return _wrong("text")
    shown = (" " if c.isspace() else c for c in value[: 2 * MAX_LINE])
    return "".join(c for c in shown if unicodedata.category(c)[0] != "C")[:MAX_LINE]


def moment(value: object) -> datetime | None:
    """ISO 8601 with its time zone. None if it is missing or outside FIRST to LAST."""
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(text(value))
    except ValueError:
        return _wrong("moment")
    if at.tzinfo is None:
        return _wrong("moment")
    return at if FIRST < at < LAST else None


def sequence(value: object, read: Callable[[object], T], *, most: int) -> list[T]:
    if not isinstance(value, list) or len(value) > most:
        return _wrong("list")
    return [read(each) for each in value]


def encoded(value: object, *, most: int) -> bytes:
    """Base64 (RFC 4648, 4), of at most `most` bytes."""
    if not isinstance(value, str) or len(value) > 4 * (most // 3 + 1):
        return _wrong("bytes")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return _wrong("bytes")


def written(path: Path, begins: re.Pattern[bytes], *, most: int) -> bytes:
    """What the child wrote to its output file, at most `most` bytes."""
    with path.open("rb") as file:
        content = file.read(most + 1)
    return content if len(content) <= most and begins.match(content) else _wrong("file")


def _wrong(expected: str) -> NoReturn:
    raise WrongForm(expected)
