"""Reads hexadecimal strings in pieces: character by character took half the time of judging a signature. Imports no
Django.

pyHanko reads single characters, and the space for a signature has up to 40,000 of them, mostly zeros.
"""

from __future__ import annotations

import binascii
from typing import BinaryIO

from pyhanko.pdf_utils import generic

# most strings are short; longer ones than all pieces together are left to pyHanko
PIECES = (64, 512, 4096, *[1 << 16] * 64)
WHITESPACE = b" \n\r\t\f\0"  # ISO 32000-1, 7.2.2

by_character = generic.read_hex_string_from_stream


def use() -> None:
    """Install this reader in the process."""
    generic.read_hex_string_from_stream = read_hex_string  # type: ignore[assignment]


def read_hex_string(stream: BinaryIO) -> generic.PdfObject:
    """Read like pyHanko's own function, which still reads unusual strings (a comment, an invalid digit, no end)."""
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
