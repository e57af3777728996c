"""Lengths and structure of BER (ITU-T X.690), read on the raw bytes in one pass. Imports no Django.

A signature covers bytes, so nothing here decodes a value and encodes it again: a value without an indefinite length
is returned unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_DEPTH = 48  # a chain of certificates with their extensions and a time-stamp has about 20
MAX_BYTES = 4 << 20  # of one signature: certificates, a time-stamp and revocation lists
MAX_VALUES = 200_000  # within it; a revocation list of a thousand certificates has 5,000
CONSTRUCTED = 0x20
END = b"\0\0"  # end-of-contents octets, 8.1.5
BIT_STRING = 0x03
# universal types that BER may split into pieces
STRINGS = {BIT_STRING, 0x04, 0x0C, *range(0x12, 0x1F)} - {0x17, 0x18}
SET = 0x31


class NotBer(ValueError):
    """These bytes are no complete BER value."""


@dataclass(frozen=True)
class Value:
    """`raw` with its header; `content` without. `tag`: the first identifier octet."""

    tag: int
    raw: bytes
    content: bytes


def length_of(encoded: bytes) -> int:
    """How many bytes the first value takes, its header and its end included. Raises NotBer."""
    _tag, start, length = _header(encoded, 0)
    if length is not None:
        return _within(start + length, encoded)
    at, depth, values = start, 1, 0
    while depth:
        values += 1
        if values > MAX_VALUES:
            raise NotBer("too many values")
        if encoded[at : at + 2] == END:
            at, depth = at + 2, depth - 1
            continue
        _tag, start, length = _header(encoded, at)
        at, depth = (start, depth + 1) if length is None else (_within(start + length, encoded), depth)
        if depth > MAX_DEPTH:
            raise NotBer("nested too deeply")
    return at


def definite(encoded: bytes) -> bytes:
    """The first value with definite lengths, strings in one piece. Raises NotBer."""
    if len(encoded) > MAX_BYTES:
        raise NotBer("too long")
    return _Definite(encoded[: length_of(encoded)]).value(0, 0)[0]


def canonical(encoded: bytes) -> bytes:
    """DER of a value that `definite` returned: shortest lengths, sets in order (10.1, 11.6). Raises NotBer."""
    return _canonical(encoded, 0)


def first(encoded: bytes) -> Value:
    """The first value, of a definite length. Raises NotBer."""
    tag, start, length = _header(encoded, 0)
    if length is None:
        raise NotBer("an indefinite length")
    end = _within(start + length, encoded)
    return Value(tag, encoded[:end], encoded[start:end])


def values_in(content: bytes) -> list[Value]:
    """The values in the content of a constructed value, all of definite lengths. Raises NotBer."""
    values, at = [], 0
    while at < len(content):
        tag, start, length = _header(content, at)
        if length is None:
            raise NotBer("an indefinite length")
        end = _within(start + length, content)
        values.append(Value(tag, content[at:end], content[start:end]))
        at = end
    return values


def der_value(tag: int, content: bytes) -> bytes:
    """DER of a value with this tag of one octet; `content` is DER already."""
    return bytes([tag]) + _length(len(content)) + content


def retagged(value: Value, tag: int) -> bytes:
    """The value under another tag of one octet (implicit tags, 8.14)."""
    return bytes([tag]) + value.raw[1:]


def _header(encoded: bytes, at: int) -> tuple[int, int, int | None]:
    """First identifier octet, where the content begins, its length; None if indefinite."""
    try:
        tag = encoded[at]
        at += 1
        if tag & 0x1F == 0x1F:
            while encoded[at] & 0x80:
                at += 1
            at += 1
        length = encoded[at]
    except IndexError:
        raise NotBer("cut off") from None
    at += 1
    if length < 0x80:
        return tag, at, length
    if length == 0x80:
        if not tag & CONSTRUCTED:
            raise NotBer("a primitive value of indefinite length")
        return tag, at, None
    octets = length & 0x7F
    if octets > 8 or at + octets > len(encoded):
        raise NotBer("a length out of bounds")
    return tag, at + octets, int.from_bytes(encoded[at : at + octets], "big")


def _within(end: int, encoded: bytes) -> int:
    if end > len(encoded):
        raise NotBer("cut off")
    return end


class _Definite:
    """One pass over a value."""

    def __init__(self, encoded: bytes) -> None:
        self._encoded = encoded
        self._values = 0

    def value(self, at: int, depth: int) -> tuple[bytes, int]:
        """The value at this place, and where the next begins."""
        encoded = self._encoded
        self._values += 1
        if depth > MAX_DEPTH or self._values > MAX_VALUES:
            raise NotBer("nested too deeply, or too many values")
        tag, start, length = _header(encoded, at)
        if length is not None and not tag & CONSTRUCTED:
            after = _within(start + length, encoded)
            return encoded[at:after], after
        end = None if length is None else _within(start + length, encoded)
        inner, place, changed = [], start, length is None
        while (encoded[place : place + 2] != END) if end is None else place < end:
            before = place
            value, place = self.value(place, depth + 1)
            inner.append(value)
            changed = changed or value != encoded[before:place]
        if end is not None and place != end:
            raise NotBer("a value longer than what holds it")
        after = place + 2 if end is None else end
        if tag & ~CONSTRUCTED in STRINGS:
            return _joined(tag & ~CONSTRUCTED, inner), after
        if not changed:
            return encoded[at:after], after
        identifier = encoded[at : start - (1 if end is None else _octets_of_length(encoded, at, start))]
        return identifier + _length(sum(map(len, inner))) + b"".join(inner), after


def _octets_of_length(encoded: bytes, at: int, start: int) -> int:
    place = at + 1
    if encoded[at] & 0x1F == 0x1F:
        while encoded[place] & 0x80:
            place += 1
        place += 1
    return start - place


def _joined(tag: int, pieces: list[bytes]) -> bytes:
    """Join the pieces of a string (8.6.4, 8.7.3)."""
    contents = [first(piece).content for piece in pieces]
    if tag == BIT_STRING:
        unused = contents[-1][:1] if contents else b"\0"
        contents = [unused, *(content[1:] for content in contents)]
    joined = b"".join(contents)
    return bytes([tag]) + _length(len(joined)) + joined


def _canonical(encoded: bytes, depth: int) -> bytes:
    if depth > MAX_DEPTH:
        raise NotBer("nested too deeply")
    value = first(encoded)
    content = value.content
    if value.tag & CONSTRUCTED:
        inner = [_canonical(each.raw, depth + 1) for each in values_in(content)]
        content = b"".join(sorted(inner) if value.tag == SET else inner)
    start = len(value.raw) - len(value.content)
    identifier = encoded[: start - _octets_of_length(encoded, 0, start)]
    return identifier + _length(len(content)) + content


def _length(length: int) -> bytes:
    if length < 0x80:
        return bytes([length])
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets
