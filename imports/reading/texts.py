"""The text of a file: UTF-8 with or without mark, UTF-16 with a mark, else Windows-1252.

Bytes that are valid UTF-8 are UTF-8: text of another encoding with accents is not. What remains comes from Western
European Windows. Guessing by letter frequency (charset-normalizer) takes short files for Central European or Turkish
ones, and a wrong letter in a name makes another person.
"""

from __future__ import annotations

import codecs
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from django.utils.translation import gettext_lazy as _

from refusals import Kind, Refusal

BLOCK = 1 << 16
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Windows-1252 leaves five bytes undefined, which browsers read as these control characters.
UNDEFINED = {byte: chr(byte) for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
OTHER_KINDS = (
    (b"PK\x03\x04", _("C’est un classeur, pas un fichier CSV. Ouvrez-le et enregistrez-le au format CSV.")),
    (b"\xd0\xcf\x11\xe0", _("C’est un classeur, pas un fichier CSV. Ouvrez-le et enregistrez-le au format CSV.")),
    (b"%PDF", _("C’est un PDF : il ne peut pas être importé. Demandez à l’autre logiciel un export CSV.")),
)


class Unreadable(Refusal):
    """The file as a whole cannot be read."""

    code = "unreadable_file"
    kind = Kind.INVALID
    field = "file"
    words = _("Ce fichier est illisible. Demandez à l’autre logiciel un nouvel export.")


@contextmanager
def text_of(file: BinaryIO) -> Iterator[io.TextIOWrapper]:
    """The decoded text, with its line ends as they are. Raises Unreadable."""
    encoding = encoding_of(file)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, errors="docshare.undefined", newline="")
    try:
        yield text
    except UnicodeError:
        raise Unreadable from None
    finally:
        text.detach()


def encoding_of(file: BinaryIO) -> str:
    """Reads the whole file once, in blocks. Raises Unreadable for other kinds of files."""
    file.seek(0)
    first = file.read(BLOCK)
    if not first.strip():
        raise Unreadable(_("Ce fichier est vide. Choisissez l’export de l’autre logiciel."))
    for start, sentence in OTHER_KINDS:
        if first.startswith(start):
            raise Unreadable(sentence)
    for mark, encoding in MARKS:
        if first.startswith(mark):
            return encoding
    if first.count(0) > len(first) / 100:
        raise Unreadable(_("Ce n’est pas un fichier de texte. Demandez à l’autre logiciel un export CSV."))
    decoder = codecs.getincrementaldecoder("utf-8")()
    block = first
    try:
        while block:
            decoder.decode(block)
            block = file.read(BLOCK)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def digest_of(file: BinaryIO) -> str:
    """SHA-256, in hexadecimal."""
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _undefined(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError) and error.encoding in ("charmap", "cp1252"):
        undefined = error.object[error.start : error.end]
        return "".join(UNDEFINED.get(byte, "\ufffd") for byte in undefined), error.end
    raise error


codecs.register_error("docshare.undefined", _undefined)
