"""Streams that pyHanko and viewers decode differently, and trailers with a too small object count."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator

from PIL import Image, ImageDraw

from tests.signing.changed import documents as d
from tests.signing.changed.documents import IDENTIFIER, Update, current, document, stream
from tests.signing.changed.kinds import PROOF, Kind, changed, packed, store, whole
from tests.signing.changed.signers import signers

IN_STRINGS = b"()\\\r\n"  # characters that end a string, or change in it
USUAL = b"/DecodeParms << /Predictor 12 /Columns 7 >>"


def two_faced(head: bytes, for_us: bytes, for_viewers: bytes, size: int, start: int) -> bytes:
    """Deflated, with /Colors 4: pyHanko ignores it and reads one text, viewers read the other."""
    ours = bytearray(b"x" * start + for_us.ljust(size - start))
    theirs = bytearray(b"x" * start + for_viewers.ljust(size - start))
    first = bytearray(head.ljust(start, b"x"))
    for place in range(start):
        theirs[place] = next(
            byte for byte in range(1, 250) if not {byte, (byte + first[place]) % 256} & set(IN_STRINGS)
        )
        ours[place] = (first[place] + theirs[place]) % 256
    first += bytes((a - b) % 256 for a, b in zip(ours[start:], theirs[start:], strict=True))
    return zlib.compress(b"\2" + bytes(first) + b"\2" + bytes(theirs))


def object_stream_with_two_faces() -> bytes:
    update = Update(signers().sign_here(document(), page=1))
    painted = update.put(None, stream(d.PAINT))
    unused, container = update.next, update.next + 1
    update.next += 2
    was = current(update.content, d.FIRST)
    faces = [
        b")  " + was.replace(b"/Contents 11 0 R", b"/Contents " + reference.rjust(10)) + b" "
        for reference in (b"11 0 R", b"%d 0 R" % painted)
    ]
    start = 100
    size = len(faces[0]) + start
    second = size + start + 3
    header = b"%d 0 %d " % (unused, d.FIRST)
    header += b"%d " % (second - len(header) - len(b"%d " % second))
    data = two_faced(header + b"(", faces[0], faces[1], size, start)
    entries = b"/Filter /FlateDecode /DecodeParms << /Predictor 12 /Colors 4 /Columns %d >>" % size
    more = b"/Type /ObjStm /N 2 /First %d %b" % (len(header), entries)
    update.put(container, stream(data, more))
    members = {unused: (2, container, 0), d.FIRST: (2, container, 1)}
    return with_section(update, lambda rows: stream(rows, b"%b"), members)


def rows_filtered(rows: bytes, kind: int) -> bytes:
    """Each row with the PNG filter 0 (none) or 2 (up)."""
    lines = [rows[place : place + 7] for place in range(0, len(rows), 7)]
    above = [bytes(7), *lines] if kind == 2 else [bytes(7)] * len(lines)
    return b"".join(
        bytes([kind]) + bytes((a - b) % 256 for a, b in zip(line, up, strict=True))
        for line, up in zip(lines, above, strict=False)
    )


def with_section(
    update: Update, encode: Callable[[bytes], bytes], members: dict[int, tuple[int, int, int]] | None = None
) -> bytes:
    """The update with a cross-reference stream. `encode`: encodes its rows, with %b in place of its other entries."""
    out, rows = bytearray(update.content), dict(members or {})
    for number, body in update.objects.items():
        rows[number] = (1, len(out), 0)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    own, start = update.next, len(out)
    rows[own] = (1, start, 0)
    index = b" ".join(b"%d 1" % number for number in sorted(rows))
    data = b"".join(b"%c%b%b" % (k, a.to_bytes(4), b.to_bytes(2)) for _n, (k, a, b) in sorted(rows.items()))
    more = b"/Type /XRef /W [1 4 2] /Index [%b] /Size %d /Root 1 0 R /Info 23 0 R /Prev %d /ID [%b %b]"
    more %= (index, own + 1, update.previous, IDENTIFIER, IDENTIFIER)
    out += b"%d 0 obj\n%b\nendobj\n" % (own, encode(data).replace(b"%b", more, 1))
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % start


def section(kind: int, entries: bytes) -> Callable[[], bytes]:
    """Proofs, listed in a cross-reference stream with a predictor."""

    def make() -> bytes:
        update = Update(whole())
        store(update)
        return with_section(update, lambda rows: stream(zlib.compress(rows_filtered(rows, kind)), b"%b " + entries))

    return make


def filtered(filters: bytes, encode: Callable[[bytes], bytes]) -> Callable[[], bytes]:
    def make() -> bytes:
        update = Update(whole())
        store(update)
        return with_section(update, lambda rows: stream(encode(rows), b"%b /Filter " + filters))

    return make


def picture(text: str) -> bytes:
    image = Image.new("L", (300, 100), 255)
    ImageDraw.Draw(image).text((10, 40), text, fill=0)
    rows = b"".join(b"\0" + image.tobytes()[row * 300 : row * 300 + 300] for row in range(100))
    entries = b"/Type /XObject /Subtype /Image /Width 300 /Height 100 /ColorSpace /DeviceGray /BitsPerComponent 8 "
    entries += b"/Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors 1 /BitsPerComponent 8 /Columns 300 >>"
    return stream(zlib.compress(rows), entries)


def picture_swapped() -> bytes:
    base = document(o17=picture("Paracetamol 1 g"), o11=stream(b"q 400 0 0 133 72 600 cm /Fm0 Do Q"))
    update = Update(signers().sign_here(base, page=1))
    update.put(d.SHARED_FORM, picture("Morphine 100 mg"))
    return update.done()


def packed_otherwise() -> bytes:
    """The same content with another compression level."""
    entries, content = b"/Filter /FlateDecode", b"0 0 50 50 re f " * 9
    before = stream(zlib.compress(content, 9), b"/Type /XObject /Subtype /Form /BBox [0 0 150 60] " + entries)
    update = Update(signers().sign_again(document(o17=before), signers().alice, "Alice"))
    update.put(17, stream(zlib.compress(content, 0), b"/Type /XObject /Subtype /Form /BBox [0 0 150 60] " + entries))
    return update.done()


def signed_in_two_faces() -> bytes:
    """An earlier object stream among the signed bytes: its references depend on the reader."""
    content = b"40 0 << /Nothing true >>"
    rows = b"".join(b"\2" + content[place : place + 8] for place in range(0, len(content), 8))
    base = Update(document())
    more = b"/Type /ObjStm /N 1 /First 5 /Filter /FlateDecode /DecodeParms << /Predictor 12 /Colors 4 /Columns 8 >>"
    container = base.put(None, stream(zlib.compress(rows), more))
    base.next = 41
    prepared = with_section(base, lambda data: stream(data, b"%b"), {40: (2, container, 0)})
    update = Update(signers().sign_again(prepared, signers().alice, "Alice"))
    update.put(d.UNUSED, b"<< /Nothing false >>")
    return update.done()


def size_of(size: int, *, as_stream: bool = False) -> Callable[[], bytes]:
    def make() -> bytes:
        update = Update(whole())
        update.put(d.FORM + 1, b"<< /Nothing true >>")
        update.next = size
        return update.done(as_stream=as_stream)

    return make


def signed_too_small() -> bytes:
    """The signed trailer had a too small object count; the update restores one of the ignored objects."""
    base = re.sub(rb"/Size \d+", b"/Size 25", document(o60=b"<< /Nothing true >>"))
    update = Update(signers().sign_again(base, signers().alice, "Alice"))
    update.next = 61
    update.put(None, PROOF)
    return update.done()


SECTION = "Streams and sizes that readers take differently"


def filters() -> Iterator[Kind]:
    apart = "readers understand differently"
    yield Kind(
        SECTION, "an object stream that viewers decode to other objects", "other", object_stream_with_two_faces, apart
    )
    yield Kind(SECTION, "such an object stream among what was signed", "other", signed_in_two_faces, apart)
    yield Kind(
        SECTION,
        "a stream of cross-references with the usual predictor (12)",
        "validation",
        section(2, b"/Filter /FlateDecode " + USUAL),
    )
    yield Kind(
        SECTION,
        "a stream of cross-references whose rows pyHanko takes for zeros",
        "other",
        section(0, b"/Filter /FlateDecode " + USUAL),
        "",
    )
    for name, parameters in {
        "/Colors": b"/Predictor 12 /Columns 7 /Colors 3",
        "/BitsPerComponent": b"/Predictor 12 /Columns 7 /BitsPerComponent 16",
        "an unusual /Predictor": b"/Predictor 15 /Columns 7",
        "unknown parameters": b"/Predictor 12 /Columns 7 /Else 1",
    }.items():
        yield Kind(
            SECTION,
            f"a stream of cross-references with {name}",
            "other",
            section(2, b"/Filter /FlateDecode /DecodeParms << %b >>" % parameters),
            apart,
        )
    yield Kind(
        SECTION,
        "a stream of cross-references behind two filters",
        "other",
        filtered(b"[/ASCIIHexDecode /FlateDecode]", lambda rows: zlib.compress(rows).hex().encode() + b">"),
        "another filter",
    )
    yield Kind(
        SECTION,
        "a stream of cross-references that names a file (/F)",
        "other",
        filtered(b"/FlateDecode /F (x)", zlib.compress),
        "decode differently",
    )


def compression_and_counts() -> Iterator[Kind]:
    yield Kind(
        SECTION, "a picture swapped for one that pyHanko decodes alike", "other", picture_swapped, "object 17 changed"
    )
    yield Kind(SECTION, "a form written again at another compression", "other", packed_otherwise, "object 17 changed")
    counts = "behind the last that the trailer counts"
    yield Kind(SECTION, "a trailer that counts fewer objects than before", "other", size_of(5), counts)
    yield Kind(SECTION, "the same, in a stream of cross-references", "other", size_of(5, as_stream=True), counts)
    yield Kind(SECTION, "a trailer that counted too few when it was signed", "other", signed_too_small, counts)
    yield Kind(
        SECTION,
        "a security store in an update of a packed document",
        "validation",
        changed(store_packed, packed, as_stream=True),
    )


def rows() -> Iterator[Kind]:
    yield from filters()
    yield from compression_and_counts()


def store_packed(update: Update) -> None:
    update.put(None, PROOF)
