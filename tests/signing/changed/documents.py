"""A document with one of everything that a page can show, and updates to it, written byte by byte."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field

CATALOG, PAGES, FORM, FIRST, SECOND, TEXT_FIELD, EMPTY_FIELD, NOTE, FONT = 1, 2, 3, 5, 6, 7, 8, 9, 10
CONTENT, RESOURCES, ANNOTATIONS, CONTENT_2, FIELD_LOOK, NOTE_LOOK, SHARED_FORM, STATE, COLOURS = range(11, 20)
LAYER, LAYERS, METADATA, INFORMATION, UNUSED, LEFT_OPEN = 20, 21, 22, 23, 24, 900
PAINT = b"q 1 1 1 rg 0 0 595 842 re f Q BT /F1 24 Tf 72 700 Td (Morphine 10 mg) Tj ET"
IDENTIFIER = b"<00112233445566778899aabbccddeeff>"
WHITE_SQUARE = b"q 1 1 1 rg 0 0 1000 1000 re f Q"
XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""/></rdf:RDF>'
    b'</x:xmpmeta><?xpacket end="r"?>'
)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (entries, len(content), content)


def form(content: bytes, box: bytes = b"[0 0 150 60]", more: bytes = b"") -> bytes:
    resources = b"/Resources << /Font << /F1 10 0 R >> >>"
    return stream(content, b"/Type /XObject /Subtype /Form /BBox %b %b %b" % (box, resources, more))


def parts() -> dict[int, bytes]:
    """Object number → bytes between obj and endobj."""
    text = b"BT /F1 14 Tf 72 760 Td (Paracetamol 1 g, trois fois par jour) Tj ET /GS0 gs /CS0 cs 0.2 0.4 0.4 sc "
    layer = b"/OC /L0 BDC BT /F1 14 Tf 72 600 Td (Couche) Tj ET EMC "
    return {
        CATALOG: b"<< /Type /Catalog /Pages 2 0 R /AcroForm 3 0 R /Metadata 22 0 R "
        b"/OCProperties << /OCGs [20 0 R] /D 21 0 R >> >>",
        PAGES: b"<< /Type /Pages /Kids [5 0 R 6 0 R] /Count 2 /MediaBox [0 0 595 842] >>",
        FORM: b"<< /Fields [7 0 R 8 0 R] /DA (/Helv 10 Tf 0 g) /DR << /Font << /Helv 10 0 R /F1 10 0 R >> >> >>",
        FIRST: b"<< /Type /Page /Parent 2 0 R /Contents 11 0 R /Resources 12 0 R /Annots 13 0 R >>",
        SECOND: b"<< /Type /Page /Parent 2 0 R /Contents [14 0 R 900 0 R] /Resources 12 0 R >>",
        TEXT_FIELD: b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (dose) /V (1 g) /Rect [72 500 272 530] /F 4 "
        b"/DA (/Helv 12 Tf 0 g) /AP << /N 15 0 R >> /P 5 0 R >>",
        EMPTY_FIELD: b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (confrere) /Rect [300 60 450 120] /F 4 "
        b"/P 5 0 R >>",
        NOTE: b"<< /Type /Annot /Subtype /Stamp /Rect [72 300 222 360] /F 4 /AP << /N 16 0 R >> /P 5 0 R >>",
        FONT: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        CONTENT: stream(text + layer + b"/Fm0 Do"),
        RESOURCES: b"<< /Font << /F1 10 0 R >> /XObject << /Fm0 17 0 R >> /ExtGState << /GS0 18 0 R >> "
        b"/ColorSpace << /CS0 19 0 R >> /Properties << /L0 20 0 R >> >>",
        ANNOTATIONS: b"[7 0 R 8 0 R 9 0 R]",
        CONTENT_2: stream(b"BT /F1 14 Tf 72 760 Td (Page 2) Tj ET"),
        FIELD_LOOK: form(b"/Tx BMC BT /F1 12 Tf 2 8 Td (1 g) Tj ET EMC", b"[0 0 200 30]"),
        NOTE_LOOK: form(b"BT /F1 12 Tf 2 8 Td (Vu) Tj ET"),
        SHARED_FORM: form(b"0 0 50 50 re f"),
        STATE: b"<< /Type /ExtGState /ca 1 >>",
        COLOURS: b"[/CalRGB << /WhitePoint [0.9505 1 1.089] >>]",
        LAYER: b"<< /Type /OCG /Name (Couche) >>",
        LAYERS: b"<< /ON [] /OFF [20 0 R] >>",
        METADATA: stream(XMP, b"/Type /Metadata /Subtype /XML"),
        INFORMATION: b"<< /Title (Ordonnance) >>",
        UNUSED: b"<< /Nothing true >>",
    }


def document(compressed: bool = False, /, **changed: bytes) -> bytes:
    """`changed`: replaced contents by object, as "o7"; `compressed`: small objects in an object stream."""
    objects = parts() | {int(name[1:]): value for name, value in changed.items()}
    written = Update(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", first=True)
    small = {number: body for number, body in objects.items() if b"stream\n" not in body} if compressed else {}
    for number, body in objects.items():
        if number not in small:
            written.put(number, body)
    written.pack(small)
    return written.done(as_stream=compressed)


def current(content: bytes, number: int) -> bytes:
    """The current content of an object, in a file without object streams."""
    found = re.findall(rb"(?:^|[\r\n])%d 0 obj\s*(.*?)\s*endobj" % number, content, re.DOTALL)
    assert found, number
    return bytes(found[-1])


@dataclass
class Update:
    """An incremental update, conforming to the standard by default."""

    content: bytes
    first: bool = False
    objects: dict[int, bytes] = field(default_factory=dict)
    packed: dict[int, bytes] = field(default_factory=dict)
    freed: set[int] = field(default_factory=set)
    generations: dict[int, int] = field(default_factory=dict)
    offsets: dict[int, int] = field(default_factory=dict)  # wrong offsets for the table

    def __post_init__(self) -> None:
        sizes = [int(size) for size in re.findall(rb"/Size (\d+)", self.content)]
        self.next = max(sizes, default=1)
        self.next = max(self.next, UNUSED + 1)

    @property
    def previous(self) -> int:
        return int(re.findall(rb"startxref\s+(\d+)", self.content)[-1])

    def put(self, number: int | None, body: bytes) -> int:
        if number is None:
            number, self.next = self.next, self.next + 1
        self.objects[number] = body
        self.next = max(self.next, number + 1)
        return number

    def pack(self, objects: dict[int, bytes]) -> None:
        self.packed |= objects

    def edit(self, number: int, old: bytes, new: bytes) -> None:
        body = self.objects.get(number) or current(self.content, number)
        assert old in body, (old, body)
        self.put(number, body.replace(old, new, 1))

    def add(self, number: int, entries: bytes) -> None:
        """Appends entries to a dictionary."""
        body = self.objects.get(number) or current(self.content, number)
        end = body.rindex(b">>")
        self.put(number, body[:end] + entries + b" " + body[end:])

    def done(self, *, as_stream: bool = False, trailer: bytes = b"", before_table: bytes = b"",
             previous: int | None = None, root: int = CATALOG, comment: bytes = b"") -> bytes:  # fmt: skip
        """`trailer`: further entries; `comment`: before the final lines."""
        out = bytearray(self.content)
        listed: dict[int, tuple[int, int]] = {}
        container = self._packed_container() if self.packed else None
        for number, body in self.objects.items():
            generation = self.generations.get(number, 0)
            listed[number] = (self.offsets.get(number, len(out)), generation)
            out += b"%d %d obj\n%b\nendobj\n" % (number, generation, body)
        out += before_table
        prev = b"" if self.first else b"/Prev %d" % (previous or self.previous)
        entries = b"/Root %d 0 R /Info 23 0 R %b %b" % (root, prev, trailer)
        entries += b"" if b"/ID" in trailer else b" /ID [%b %b]" % (IDENTIFIER, IDENTIFIER)
        start = len(out)
        if as_stream:
            out += self._section_stream(listed, container, entries, start)
        else:
            out += self._section_table(listed, entries)
        return bytes(out) + comment + b"startxref\n%d\n%%%%EOF\n" % start

    def _packed_container(self) -> int:
        bodies, header, place = b"", b"", 0
        for number, body in self.packed.items():
            header += b"%d %d " % (number, place)
            bodies += body + b"\n"
            place = len(bodies)
        content = zlib.compress(header + bodies)
        entries = b"/Type /ObjStm /N %d /First %d /Filter /FlateDecode" % (len(self.packed), len(header))
        return self.put(None, stream(content, entries))

    def _section_table(self, listed: dict[int, tuple[int, int]], entries: bytes) -> bytes:
        lines = b"xref\n0 1\n0000000000 65535 f \n"
        for number in sorted({*listed, *self.freed}):
            offset, generation = listed.get(number, (0, 1))
            kind = b"n" if number in listed else b"f"
            lines += b"%d 1\n%010d %05d %b \n" % (number, offset, generation, kind)
        return lines + b"trailer\n<< /Size %d %b >>\n" % (self.next, entries)

    def _section_stream(
        self, listed: dict[int, tuple[int, int]], container: int | None, entries: bytes, start: int
    ) -> bytes:
        own = self.next
        self.next += 1
        rows = {number: (1, offset, 0) for number, (offset, _generation) in listed.items()} | {own: (1, start, 0)}
        rows |= {number: (2, container or 0, index) for index, number in enumerate(self.packed)}
        rows |= dict.fromkeys(self.freed, (0, 0, 1))
        index = b" ".join(b"%d 1" % number for number in sorted(rows))
        data = b"".join(b"%c%b%b" % (k, a.to_bytes(4), b.to_bytes(2)) for _n, (k, a, b) in sorted(rows.items()))
        more = b"/Type /XRef /W [1 4 2] /Index [%b] /Size %d %b" % (index, self.next, entries)
        return b"%d 0 obj\n%b\nendobj\n" % (own, stream(data, more))
