"""The strict decoder of object streams and cross-reference streams."""

from __future__ import annotations

import zlib
from typing import Any

import pypdfium2 as pdfium
import pytest
from pyhanko.pdf_utils import generic

from signing.pdf.not_allowed import NotAllowed
from signing.pdf.plain_streams import content_of, decoded
from tests.signing.changed.documents import document, stream
from tests.signing.changed.signers import parsed

ROWS = b"".join(bytes((row * 41 + place * 17) % 256 for place in range(7)) for row in range(12))
USUAL = b"/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 7 >>"


def written(data: bytes, entries: bytes) -> Any:
    return generic.StreamObject(dict(parsed(b"<< %b >>" % entries).items()), encoded_data=data)


def behind(kind: int) -> bytes:
    """ROWS, interpreted as rows with that PNG filter."""
    return b"".join(bytes([kind]) + ROWS[place : place + 7] for place in range(0, len(ROWS), 7))


def grey(data: bytes) -> bytes:
    """The pixels that pdfium draws for a grey image, 7 by 12, with the usual predictor."""
    more = b"/Type /XObject /Subtype /Image /Width 7 /Height 12 /ColorSpace /DeviceGray /BitsPerComponent 8 " + USUAL
    base = document(o5=b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 7 12] /Contents 11 0 R /Resources 12 0 R >>",
                    o11=stream(b"7 0 0 12 0 0 cm /Fm0 Do"), o17=stream(data, more))  # fmt: skip
    pdf = pdfium.PdfDocument(base)
    try:
        pixels: bytes = pdf[0].render(scale=1, no_smoothimage=True).to_pil().convert("L").tobytes()
        return pixels
    finally:
        pdf.close()


@pytest.mark.parametrize("kind", range(5))
def test_rows_are_decoded_as_a_viewer_decodes_them(kind: int) -> None:
    data = zlib.compress(behind(kind))
    assert decoded(written(data, USUAL)) == grey(data)


@pytest.mark.parametrize("kind", [0, 3, 4])
def test_rows_that_pyhanko_decodes_otherwise_are_refused(kind: int) -> None:
    with pytest.raises((NotAllowed, NotImplementedError)):
        content_of(written(zlib.compress(behind(kind)), USUAL))


@pytest.mark.parametrize(
    ("data", "entries"),
    [
        (zlib.compress(behind(5)), USUAL),
        (zlib.compress(behind(2)[:-1]), USUAL),
        (zlib.compress(ROWS)[:-6], b"/Filter /FlateDecode"),
        (zlib.compress(ROWS) + b"more", b"/Filter /FlateDecode"),
        (b"not deflated", b"/Filter /FlateDecode"),
        (zlib.compress(ROWS), b"/Filter [/FlateDecode /FlateDecode]"),
        (zlib.compress(ROWS), b"/Filter /LZWDecode"),
        (zlib.compress(ROWS), b"/Filter /FlateDecode /DecodeParms 5 0 R"),
        (zlib.compress(ROWS), b"/Filter /FlateDecode /DP << >>"),
        (zlib.compress(behind(2)), USUAL + b" /W [1 4 1]"),
        (ROWS, b"/DecodeParms << /Predictor 12 /Columns 7 >>"),
    ],
    ids=[
        "no such row", "half a row", "early end", "more behind", "not deflated", "two filters", "LZW",
        "parameters elsewhere", "short names", "other rows", "parameters without filter",
    ],
)  # fmt: skip
def test_what_readers_may_decode_differently_is_refused(data: bytes, entries: bytes) -> None:
    with pytest.raises(NotAllowed):
        decoded(written(data, entries))


def test_a_stream_that_is_plain_or_deflated_once_is_taken() -> None:
    assert decoded(written(ROWS, b"")) == ROWS
    assert decoded(written(zlib.compress(ROWS), b"/Filter [/FlateDecode]")) == ROWS


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signing.pdf.plain_streams.MAX_DECODED", 1000)
    with pytest.raises(NotAllowed):
        decoded(written(zlib.compress(bytes(100_000)), b"/Filter /FlateDecode"))
