"""DER and BER written by hand (X.690), without any code under test."""

from __future__ import annotations

from datetime import datetime


def tlv(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + length(len(content)) + content


def length(count: int) -> bytes:
    if count < 0x80:
        return bytes([count])
    octets = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, b"".join(parts))


def set_of(*parts: bytes, in_order: bool = True) -> bytes:
    return tlv(0x31, b"".join(sorted(parts) if in_order else parts))


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(content: bytes) -> bytes:
    return tlv(0x04, content)


def bits(content: bytes) -> bytes:
    return tlv(0x03, b"\0" + content)


def utf8(text: str) -> bytes:
    return tlv(0x0C, text.encode())


def oid(dotted: str) -> bytes:
    first, second, *others = map(int, dotted.split("."))
    content = bytearray()
    for number in (first * 40 + second, *others):
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(0x80 | number & 0x7F)
        content += bytes(reversed(groups))
    return tlv(0x06, bytes(content))


def algorithm(dotted: str, parameters: bytes = b"") -> bytes:
    return sequence(oid(dotted), parameters)


def general_time(moment: datetime) -> bytes:
    return tlv(0x18, f"{moment:%Y%m%d%H%M%S}Z".encode())


def utc_time(moment: datetime) -> bytes:
    return tlv(0x17, f"{moment:%y%m%d%H%M%S}Z".encode())


NULL = b"\x05\x00"


def header(encoded: bytes) -> bytes:
    return encoded[: _content_at(encoded)]


def _content_at(encoded: bytes) -> int:
    return 2 if encoded[1] < 0x80 else 2 + (encoded[1] & 0x7F)


def children(encoded: bytes) -> list[bytes]:
    """The children of a DER value with definite lengths."""
    found, rest = [], encoded[_content_at(encoded) :]
    while rest:
        start = _content_at(rest)
        size = rest[1] if rest[1] < 0x80 else int.from_bytes(rest[2:start], "big")
        found.append(rest[: start + size])
        rest = rest[start + size :]
    return found


def indefinite(encoded: bytes, depth: int) -> bytes:
    """The same value with indefinite lengths in its outer levels; octet strings at the last of them are split."""
    if depth == 0 or not encoded[0] & 0x20:
        if depth and encoded[0] == 0x04 and len(encoded) > 12:
            content = encoded[_content_at(encoded) :]
            return b"\x24\x80" + octets(content[:5]) + octets(content[5:]) + b"\0\0"
        return encoded
    return encoded[:1] + b"\x80" + b"".join(indefinite(each, depth - 1) for each in children(encoded)) + b"\0\0"
