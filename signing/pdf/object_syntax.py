"""Reads one object of an update so strictly that all readers understand it alike (ISO 32000-1, 7.2 and 7.3).

It refuses an entry written twice, a comment, an escaped letter, a wrong length. Viewers repair such damage
differently, so it could show one of them something else. Imports no Django.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from signing.pdf.not_allowed import NotAllowed

SPACE = rb"[\0\t\n\f\r ]"
END = rb"(?=[\0\t\n\f\r ()<>\[\]{}/%]|\Z)"
MAX_DEPTH = 100
COMMENTS = rb"(?:%b|%%[^\r\n]*+[\r\n])" % SPACE  # white space, too
TOKENS = (
    rb"*+(?:(?P<open><<|\[)|(?P<close>>>|\])"
    rb"|(?P<name>/[^\0\t\n\f\r ()<>\[\]{}/%]*+)"
    + rb"|(?P<reference>[0-9]{1,10}%b++[0-9]{1,5}%b++R%b)" % (SPACE, SPACE, END)
    + rb"|(?P<number>[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)%b)" % END
    + rb"|(?P<word>(?:true|false|null)%b)" % END
    + rb"|(?P<hex><[0-9A-Fa-f\0\t\n\f\r ]*+>)"
    + rb"|(?P<string>\()|(?P<stream>stream(?:\r\n|\n))|(?P<endobj>endobj%b))" % END
)
TOKEN, TOKEN_OR_COMMENT = re.compile(SPACE + TOKENS), re.compile(COMMENTS + TOKENS)
PARENTHESIS = re.compile(rb"\\.|[()]", re.DOTALL)
AFTER_STREAM = re.compile(rb"(?:\r\n|\n|\r)?endstream" + SPACE + rb"++endobj" + END)
ESCAPE = re.compile(rb"#(.{0,2})", re.DOTALL)
Length = Callable[[bytes], int]  # of a stream, from its entry as written


@dataclass
class _Open:
    is_dictionary: bool
    keys: set[bytes] = field(default_factory=set)
    key: bytes | None = None
    start: int = 0  # of the value being read


@dataclass(frozen=True)
class Written:
    """`entries`: of the outermost dictionary, values as bytes; empty for another kind. `references`: object number
    and generation. `value_end`: where the value ends, and a stream begins; `end`: what follows the object."""

    entries: dict[bytes, bytes]
    references: frozenset[tuple[int, int]]
    value_end: int
    end: int

    def moved(self, by: int) -> Written:
        """The same with its offsets shifted by `by` bytes."""
        return replace(self, value_end=self.value_end + by, end=self.end + by)


def read_object(content: bytes, start: int, length: Length) -> Written:
    """The object whose value begins at `start`, to the end of its `endobj`. Raises NotAllowed."""
    value = read_value(content, start)
    token = _token(content, value.end)
    if token.lastgroup == "endobj":
        return replace(value, end=token.end())
    if token.lastgroup != "stream" or b"/Length" not in value.entries:
        raise NotAllowed(f"an object without end at {start}")
    after = AFTER_STREAM.match(content, token.end() + length(value.entries[b"/Length"]))
    if after is None:
        raise NotAllowed(f"a stream whose length does not fit at {start}")
    return replace(value, end=after.end())


def read_value(content: bytes, start: int, *, comments: bool = False) -> Written:
    """One value without the delimiter behind it; `comments` allows comments where white space may be. Raises
    NotAllowed."""
    opened: list[_Open] = []
    entries: dict[bytes, bytes] = {}
    references: set[tuple[int, int]] = set()
    place = start
    while True:
        token = _token(content, place, TOKEN_OR_COMMENT if comments else TOKEN)
        place = token.end()
        kind = token.lastgroup
        if kind in ("stream", "endobj"):
            raise NotAllowed(f"a value that does not end at {start}")
        if kind == "open":
            _open(opened, token)
            continue
        if kind == "close":
            _close(opened, token)
        elif kind == "reference":
            number, generation, _r = token["reference"].replace(b"\0", b" ").split()
            references.add((int(number), int(generation)))
        elif kind == "string":
            place = _end_of_string(content, place)
        elif kind == "name":
            _check_name(token["name"])
            if opened and opened[-1].is_dictionary and opened[-1].key is None:
                _take_key(opened[-1], token)
                continue
        _value_ends(opened, entries, content, token, place)
        if not opened:
            return Written(entries, frozenset(references), place, place)


def _token(content: bytes, place: int, pattern: re.Pattern[bytes] = TOKEN) -> re.Match[bytes]:
    token = pattern.match(content, place)
    if token is None:
        raise NotAllowed(f"writing that readers may understand differently at {place}")
    return token


def _open(opened: list[_Open], token: re.Match[bytes]) -> None:
    if opened and opened[-1].is_dictionary and opened[-1].key is None:
        raise NotAllowed(f"an entry without name at {token.start()}")
    if len(opened) >= MAX_DEPTH:
        raise NotAllowed(f"too deep at {token.start()}")
    opened.append(_Open(token["open"] == b"<<"))


def _close(opened: list[_Open], token: re.Match[bytes]) -> None:
    closed = opened.pop() if opened else None
    if closed is None or closed.is_dictionary != (token["close"] == b">>") or closed.key is not None:
        raise NotAllowed(f"brackets that do not match at {token.start()}")


def _take_key(inside: _Open, token: re.Match[bytes]) -> None:
    key = token["name"]
    if key in inside.keys or b"#" in key:
        raise NotAllowed(f"an entry twice, or escaped, at {token.start()}")
    inside.keys.add(key)
    inside.key, inside.start = key, token.end()


def _value_ends(
    opened: list[_Open], entries: dict[bytes, bytes], content: bytes, token: re.Match[bytes], place: int
) -> None:
    if not opened or not opened[-1].is_dictionary:
        return
    inside = opened[-1]
    if inside.key is None:
        raise NotAllowed(f"an entry without name at {token.start()}")
    if len(opened) == 1:
        entries[inside.key] = b" ".join(content[inside.start : place].split())
    inside.key = None


def _check_name(name: bytes) -> None:
    """Refuse escapes of characters that need none: they disguise a name. Raises NotAllowed."""
    for escaped in ESCAPE.findall(name):
        try:
            code = int(escaped, 16) if len(escaped) == 2 else 0
        except ValueError:
            code = 0
        if code == 0 or (chr(code).isascii() and chr(code).isalnum()):
            raise NotAllowed("a name in disguise")


def _end_of_string(content: bytes, place: int) -> int:
    depth = 1
    for match in PARENTHESIS.finditer(content, place):
        depth += {b"(": 1, b")": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    raise NotAllowed("a string without end")
