"""The filled signature fields of a PDF, each with the bytes that it signs. Imports no Django."""

from __future__ import annotations

import binascii
import os
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import EmbeddedPdfSignature
from pyhanko.sign.validation.pdf_embedded import extract_contents

from signing.pdf.ber import MAX_BYTES
from signing.pdf.field_facts import Judgement
from signing.pdf.objects import dictionary
from signing.pdf.one_pass import Hashed
from signing.pdf.raw_signatures import Signed, finished, new_digest

CHUNK = 1 << 20
MAX_FIELDS = 5_000  # examined
MAX_GAP = 4 * MAX_BYTES  # two hexadecimal digits per byte, and as much white space between them
MAX_RANGES = 64  # numbers of a /ByteRange
WHITESPACE = b"\0\t\n\f\r "


class NoSignature(Exception):
    """The field's value lacks what makes a signature: its bytes, or which bytes it signs."""


class TooManyFields(Exception):
    """More fields than are examined: a signature may be among the rest."""


class FilledField(EmbeddedPdfSignature):
    """One filled field in any encoding; pyHanko's own class accepts only a CMS. Code that compares revisions works
    with both classes."""

    def __init__(self, reader: PdfFileReader, field: generic.DictionaryObject, value: Any, name: str) -> None:
        """Raises NoSignature, and ValueError for a value that can't be read."""
        if not value:
            raise ValueError("a value that can't be read")
        self.reader = reader
        self.sig_field = field
        self.fq_name = name
        self.sig_object = value
        self.external_digests: dict[str, bytes] = {}
        self._docmdp = self._fieldmdp = None
        self._docmdp_queried = self._fieldmdp_queried = False
        self.byte_range = generic.ArrayObject(map(generic.NumberObject, _ranges(value, _size(reader.stream))))
        self.pkcs7_content = _contents(value)
        self.signed_revision = _revision(reader, field, value)

    @property
    def is_time_stamp(self) -> bool:
        return bool(_resolved(self.sig_object, "/Type") == "/DocTimeStamp" or self.sub_filter == "ETSI.RFC3161")

    @property
    def sub_filter(self) -> str:
        name = _resolved(self.sig_object, "/SubFilter")
        return str(name)[1:] if isinstance(name, generic.NameObject) else ""

    @property
    def ranges(self) -> list[int]:
        return [int(number) for number in self.byte_range]

    def certificates(self) -> list[bytes]:
        """DER, in the signature dictionary itself (ISO 32000-2, table 255, /Cert)."""
        value = _resolved(self.sig_object, "/Cert")
        listed = [_dereferenced(each) for each in value] if isinstance(value, generic.ArrayObject) else [value]
        strings = generic.TextStringObject, generic.ByteStringObject
        return [each.original_bytes for each in listed if isinstance(each, strings)]

    def dictionary_time(self) -> datetime | None:
        """The time in the signature's dictionary (/M). Raises ValueError."""
        value = _resolved(self.sig_object, "/M")
        text = isinstance(value, generic.TextStringObject)
        return generic.parse_pdf_date(value, strict=False) if text else None

    def excludes_only_its_contents(self) -> Judgement:
        """Whether the signed ranges leave out only the value of /Contents (ISO 32000-2, 12.8.1), in hexadecimal
        digits."""
        if len(self.ranges) != 4 or self.ranges[0] != 0:
            return "not_valid"
        _start, end, restart, _rest = self.ranges
        if restart - end > MAX_GAP:
            return "not_judged"
        self.reader.stream.seek(end)
        between = self.reader.stream.read(restart - end).translate(None, WHITESPACE)
        if between.startswith(b"("):
            return "not_judged"
        try:
            digits = between.removeprefix(b"<").removesuffix(b">")
            content = binascii.unhexlify(digits + b"0" * (len(digits) % 2))
        except binascii.Error:
            return "not_valid"
        return "valid" if content == self.pkcs7_content else "not_valid"


class SignedRanges(Signed):
    """The signed ranges of a file, read in large pieces and hashed once for each algorithm."""

    def __init__(self, file: BinaryIO, ranges: list[int], hashed: Hashed | None = None) -> None:
        self._file = file
        self._ranges = ranges
        self._digests: dict[str, bytes] = {}
        if hashed and list(hashed.byte_range) == ranges:
            self._digests[hashed.algorithm] = hashed.digest

    def read(self) -> bytes:
        return b"".join(self._pieces())

    def digest(self, name: str) -> bytes:
        if name not in self._digests:
            digest = new_digest(name)
            for piece in self._pieces():
                digest.update(piece)
            self._digests[name] = finished(digest)
        return self._digests[name]

    def _pieces(self) -> Iterator[bytes]:
        for start, length in zip(self._ranges[::2], self._ranges[1::2], strict=True):
            self._file.seek(start)
            while length > 0 and (piece := self._file.read(min(CHUNK, length))):
                length -= len(piece)
                yield piece


def filled_fields(reader: PdfFileReader) -> Iterator[tuple[str, generic.DictionaryObject, Any]]:
    """Name, field and value of each filled field, as viewers find them: also if the field or its value is a direct
    object, has no name, or inherits its type. Raises TooManyFields."""
    form = _resolved(reader.root, "/AcroForm")
    waiting = deque((each, "", None) for each in _listed(form, "/Fields"))
    seen: set[tuple[int, int]] = set()
    looked_at = 0
    while waiting:
        entry, parent, kind = waiting.popleft()
        looked_at += 1
        if looked_at > MAX_FIELDS:
            raise TooManyFields
        if isinstance(entry, generic.IndirectObject):
            if (entry.idnum, entry.generation) in seen:
                continue
            seen.add((entry.idnum, entry.generation))
        try:
            field = _dereferenced(entry)
            if not isinstance(field, generic.DictionaryObject):
                continue
            own = _resolved(field, "/T")
            name = ".".join(filter(None, [parent, str(own) if own is not None else ""]))
            kind = _resolved(field, "/FT") or kind
            waiting.extend((kid, name, kind) for kid in _listed(field, "/Kids"))
        except PdfReadError:
            continue  # a field that can't be read must not hide the others
        value = _value(field) if kind == "/Sig" else None
        if value is not None:
            yield name, field, value


def _value(field: generic.DictionaryObject) -> generic.DictionaryObject | None:
    """The field's value; an empty dictionary for a value that can't be read, so that it does not pass for an empty
    field."""
    try:
        raw = field.raw_get("/V")
    except KeyError:
        return None
    try:
        value = _dereferenced(raw)
    except MemoryError:
        raise
    except Exception:
        return dictionary({})
    if value is None:
        return None
    return value if isinstance(value, generic.DictionaryObject) else dictionary({})


def _listed(dictionary: Any, key: str) -> list[Any]:
    value = _resolved(dictionary, key) if isinstance(dictionary, generic.DictionaryObject) else None
    return [value.raw_get(place) for place in range(len(value))] if isinstance(value, generic.ArrayObject) else []


def _resolved(dictionary: generic.DictionaryObject, key: str) -> Any:
    try:
        return _dereferenced(dictionary.raw_get(key))
    except KeyError:
        return None


def _dereferenced(value: Any) -> Any:
    """The value behind a reference; None for null, which is what a dangling reference means (ISO 32000-2, 7.3.10).
    Raises PdfReadError."""
    target = value
    if isinstance(value, generic.IndirectObject):
        target = value.get_object()
    return None if isinstance(target, generic.NullObject) else target


def _ranges(value: generic.DictionaryObject, size: int) -> list[int]:
    """/ByteRange as pairs in order within the file, neighbours joined. Raises NoSignature."""
    entries = [_dereferenced(each) for each in _listed(value, "/ByteRange")]
    numbers = [int(each) for each in entries if isinstance(each, int)]
    if len(numbers) != len(entries) or len(numbers) % 2 or not 4 <= len(numbers) <= MAX_RANGES:
        raise NoSignature("/ByteRange")
    joined: list[int] = []
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        reached = sum(joined[-2:])
        if start < reached or length < 0 or start + length > size:
            raise NoSignature("/ByteRange")
        if joined and start == reached:
            joined[-1] += length
        else:
            joined += [start, length]
    return joined


def _contents(value: generic.DictionaryObject) -> bytes:
    try:
        if isinstance(value.raw_get("/Contents", decrypt=generic.EncryptedObjAccess.RAW), generic.IndirectObject):
            contents = _resolved(value, "/Contents")
            return bytes(contents.original_bytes) if isinstance(contents, generic.ByteStringObject) else b""
        return extract_contents(value)
    except KeyError as error:
        raise NoSignature("/Contents") from error
    except PdfReadError as error:
        raise NoSignature("/Contents") from error


def _revision(reader: PdfFileReader, field: generic.DictionaryObject, value: Any) -> int:
    """The last revision that changed the signature's dictionary, or the object that contains it."""
    holder = value.container_ref or field.container_ref
    if not isinstance(holder, generic.Reference):
        return 0
    return int(reader.xrefs.get_last_change(holder))


def _size(file: BinaryIO) -> int:
    return file.seek(0, os.SEEK_END)
