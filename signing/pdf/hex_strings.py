"""Hexadecimal strings read in pieces. pyHanko reads them character by character, and the room of a signature is one
of up to 40,000, most of them zeros: half the time of judging it. Imports no Django.
"""

from __future__ import annotations

import binascii
from typing import BinaryIO

from pyhanko.pdf_utils import generic

PIECES = (64, 512, 4096, *[1 << 16] * 64)  # most strings are short; what is longer than all is left to pyHanko
WHITESPACE = b" \n\r\t\f\0"  # ISO 32000-1, 7.2.2

by_character = generic.read_hex_string_from_stream


def use() -> None:
    """In this process, from now on."""
    generic.read_hex_string_from_stream = read_hex_string  # type: ignore[assignment]


def read_hex_string(stream: BinaryIO) -> generic.PdfObject:
    """As pyHanko's own, which is asked for anything unusual (a comment, what is no digit, no end)."""
    start = stream.tell()
    read = bytearray(stream.read(1))
    for size in PIECES:
        piece = stream.read(size)
        read += piece
        if b">" in piece:
            digits = bytes(read[1 : read.index(b">")]).translate(None, WHITESPACE)
            try:
                value = binascii.unhexlify(digits + b"0" * (len(digits) % 2))
            except binascii.Error:
                break
            stream.seek(start + read.index(b">") + 1)
            return generic.pdf_string(value)
        if not piece:
            break
    stream.seek(start)
    return by_character(stream)
