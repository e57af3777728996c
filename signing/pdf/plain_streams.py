"""Decodes object streams and cross-reference streams strictly, and compares with what pyHanko read. Imports no
Django.

Viewers and pyHanko decode predictors differently (ISO 32000-1, 7.4.4 and 7.5.7).

pyHanko ignores /Colors and /BitsPerComponent, and takes rows of the PNG filter 0 for zeros. A stream that two readers
decode differently contains two documents.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any
from weakref import WeakSet

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import read_object_header

from signing.pdf.not_allowed import NotAllowed
from signing.pdf.values import is_dictionary, is_stream, raw

MAX_DECODED = 64 << 20
MAX_COLUMNS = 1 << 16
# Data in another file, and the abbreviations that some viewers accept for /Filter and /DecodeParms.
ELSEWHERE = {"/F", "/DP", "/FFilter", "/FDecodeParms", "/Fl"}
PREDICTOR_KEYS = {"/Predictor", "/Columns", "/Colors", "/BitsPerComponent"}


def content_of(stream: Any) -> bytes:
    """The content of an object stream or a cross-reference stream, the same for every reader. Raises NotAllowed."""
    if not is_stream(stream):
        raise NotAllowed("a stream that is none")
    content = decoded(stream)
    if bytes(stream.data) != content:
        raise NotAllowed("a stream that readers decode differently")
    return content


def decoded(stream: Any) -> bytes:
    """Unfiltered, or one /FlateDecode, with the usual predictor of cross-references or none. Raises NotAllowed."""
    if ELSEWHERE & set(stream):
        raise NotAllowed("a stream that readers decode differently")
    encoded, name, parameters = bytes(stream.encoded_data), raw(stream, "/Filter"), raw(stream, "/DecodeParms")
    if isinstance(name, generic.ArrayObject) and len(name) == 1 and parameters is None:
        name = name.raw_get(0)
    if name is None and parameters is None:
        return encoded
    if not isinstance(name, generic.NameObject) or name != "/FlateDecode":
        raise NotAllowed("a stream of objects behind another filter, or several")
    content = _inflated(encoded)
    return content if parameters is None else _unpredicted(content, _columns(stream, parameters))


_checked: WeakSet[PdfFileReader] = WeakSet()  # once for all signatures of a file


def check_section_streams(reader: PdfFileReader) -> None:
    """Require that every cross-reference stream of the file means the same to all readers. Raises NotAllowed."""
    if reader in _checked:
        return
    for start in _section_starts(reader):
        reader.stream.seek(start)
        number, generation = read_object_header(reader.stream, strict=False)
        reference = generic.Reference(number, generation, pdf=reader)
        content_of(generic.StreamObject.read_from_stream(reader.stream, reference))
    _checked.add(reader)


def _section_starts(reader: PdfFileReader) -> Iterator[int]:
    for index in range(reader.xrefs.total_revisions):
        meta = reader.xrefs.get_xref_container_info(index)
        if meta.stream_ref is not None:
            yield meta.start_location
        hybrid = reader.xrefs.get_xref_data(index).hybrid
        if hybrid is not None:
            yield hybrid.meta_info.start_location


def _inflated(encoded: bytes) -> bytes:
    inflate = zlib.decompressobj()
    try:
        content = inflate.decompress(encoded, MAX_DECODED)
    except zlib.error as error:
        raise NotAllowed("a stream that does not inflate") from error
    if not inflate.eof or inflate.unused_data.strip(b"\r\n"):
        raise NotAllowed("a stream that ends early or late")
    return content


def _columns(stream: Any, parameters: Any) -> int:
    """Bytes of a row. Raises NotAllowed for any predictor but the usual one of cross-references."""
    if not is_dictionary(parameters) or set(parameters) - PREDICTOR_KEYS:
        raise NotAllowed("a predictor that readers understand differently")
    values = {key: raw(parameters, key) for key in parameters}
    if not all(isinstance(value, generic.NumberObject) for value in values.values()):
        raise NotAllowed("a predictor that readers understand differently")
    columns = int(values.get("/Columns", 0))
    usual = int(values.get("/Predictor", 0)) == 12 and values.get("/Colors", 1) == 1
    if not usual or values.get("/BitsPerComponent", 8) != 8 or not 0 < columns <= MAX_COLUMNS:
        raise NotAllowed("a predictor that readers understand differently")
    widths = raw(stream, "/W")
    if widths is not None and sum(map(int, widths)) != columns:
        raise NotAllowed("a predictor whose rows are not those of the cross-references")
    return columns


def _unpredicted(content: bytes, columns: int) -> bytes:
    """The rows without their PNG filters (PNG, 9.2), one byte a pixel. Raises NotAllowed."""
    if len(content) % (columns + 1):
        raise NotAllowed("rows that are not whole")
    rows, above = bytearray(), bytes(columns)
    for start in range(0, len(content), columns + 1):
        above = _row(content[start], content[start + 1 : start + 1 + columns], above)
        rows += above
    return bytes(rows)


def _row(kind: int, filtered: bytes, above: bytes) -> bytes:
    if kind == 0:
        return filtered
    if kind == 2:
        return bytes((byte + up) & 255 for byte, up in zip(filtered, above, strict=True))
    row, left, corner = bytearray(), 0, 0
    for byte, up in zip(filtered, above, strict=True):
        if kind == 1:
            left = (byte + left) & 255
        elif kind == 3:
            left = (byte + (left + up) // 2) & 255
        elif kind == 4:
            left = (byte + _paeth(left, up, corner)) & 255
        else:
            raise NotAllowed("a row behind a filter that is none")
        corner = up
        row.append(left)
    return bytes(row)


def _paeth(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    return min((left, up, corner), key=lambda each: abs(estimate - each))
