"""A PDF of one page with a signature field, written by hand around a given signature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

TEXT = b"BT /F1 24 Tf 72 700 Td (Amoxicilline 500 mg) Tj ET"
ROOM = 9000  # bytes for the signature
NUMBER = 10  # digits of each number of /ByteRange
Numbers = Callable[[int, int, int], list[int]]
Written = Callable[[bytes, int], bytes]


def usual(start: int, end: int, size: int) -> list[int]:
    return [0, start, end, size - end]


def in_hexadecimal(contents: bytes, room: int) -> bytes:
    """The text between < and >."""
    return contents.hex().encode().ljust(2 * room, b"0")


@dataclass(frozen=True)
class Form:
    """The form of the signature in the file. `numbers`: of /ByteRange, from the position of < and that after >."""

    sub_filter: str = "ETSI.CAdES.detached"
    kind: str = "/Type /Sig"
    more: bytes = b""  # in the signature's dictionary
    direct: bool = False  # dictionary inside the field
    kids: bool = False  # the field's widgets on two pages, or its type, are other objects
    nameless: bool = False
    room: int = ROOM
    numbers: Numbers = usual
    places: int = 4  # count of the numbers
    written: Written = in_hexadecimal
    trailer: bytes = b""

    def signed(self, sign: Callable[[bytes], bytes]) -> bytes:
        """The file. `sign`: returns the signature over these bytes."""
        body = self._body()
        start = body.index(b"<$") if b"<$" in body else 0
        end = body.index(b"$>") + 2
        numbers = self.numbers(start, end, len(body))
        written = b" ".join(b"%*d" % (NUMBER, number) for number in numbers)
        body = body.replace(b"[%s]" % (b"#" * ((NUMBER + 1) * self.places - 1)), b"[%s]" % written)
        over = b"".join(body[at : at + size] for at, size in zip(numbers[::2], numbers[1::2], strict=False))
        contents = self.written(sign(over), self.room)
        assert len(contents) == end - start - 2, "more than there is room for"
        return body[: start + 1] + contents + body[end - 1 :]

    def _body(self) -> bytes:
        room = len(self.written(b"", self.room))
        hole = b"<$" + b"0" * (room - 2) + b"$>"
        # `signed` replaces these placeholders by digits.
        sub_filter = b"/SubFilter /%s" % self.sub_filter.encode() if self.sub_filter else b""
        value = b"<< %s /Filter /Adobe.PPKLite %s /M (D:20261128040000Z) %s /ByteRange [%s] /Contents %s >>" % (
            self.kind.encode(), sub_filter, self.more, b"#" * ((NUMBER + 1) * self.places - 1), hole,
        )  # fmt: skip
        objects = {
            1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] /SigFlags 3 >> >>",
            2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Annots [6 0 R]"
            b" /Resources << /Font << /F1 5 0 R >> >> >>",
            4: b"<< /Length %d >>\nstream\n%s\nendstream" % (len(TEXT), TEXT),
            5: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        }
        title = b"" if self.nameless else b"/T (Elsewhere)"
        widget = b"/Type /Annot /Subtype /Widget /Rect [0 0 0 0] /F 132 /P 3 0 R"
        held = value if self.direct else b"7 0 R"
        if self.kids:
            objects[6] = b"<< /FT /Sig %s /Kids [8 0 R 9 0 R] /V %s >>" % (title, held)
            objects[8] = objects[9] = b"<< /Parent 6 0 R %s >>" % widget
            objects[3] = objects[3].replace(b"[6 0 R]", b"[8 0 R 9 0 R]")
        else:
            objects[6] = b"<< /FT /Sig %s %s /V %s >>" % (title, widget, held)
        if not self.direct:
            objects[7] = value
        return _file(objects, self.trailer)


def _file(objects: dict[int, bytes], trailer: bytes) -> bytes:
    written = bytearray(b"%PDF-1.7\n")
    places = {}
    for number in sorted(objects):
        places[number] = len(written)
        written += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    start, size = len(written), max(objects) + 1
    written += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        written += b"%010d 00000 %s \n" % (places.get(number, 0), b"n" if number in places else b"f")
    written += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, start)
    return bytes(written)
