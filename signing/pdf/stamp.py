"""The appearance of a signature: a frame, the signature's image, who signed and when, and how to verify it.

Drawn in points of paper, whatever the page's units. Colours are CIE-based and nothing is transparent, so that a PDF/A
file stays valid whatever its part and output intent (ISO 19005-1, 6.2.3 and 6.4). Imports no Django.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from typing import Any

import segno
from pyhanko.pdf_utils import generic, layout
from pyhanko.pdf_utils.content import ResourceType
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.stamp import BaseStamp, BaseStampStyle

from signing.pdf.geometry import upright_matrix
from signing.pdf.objects import array, dictionary, numbers
from signing.pdf.stamp_image import StampImage, converted
from signing.pdf.stamp_layout import QUIET, Rectangle, StampLayout, lay_out
from signing.pdf.typesetting import EM, JOINERS, Typesetter

MAX_LINE = 80  # characters
INK = (0.07, 0.13, 0.20)
FRAME = (0.05, 0.42, 0.44)
BLACK, WHITE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class StampContent:
    """What the stamp shows. Text is plain and its length capped."""

    image_png: bytes | None
    signer_name: str
    professional_number: str
    zone: tzinfo | None = None  # time zone of the place of signing; None: the site's


@dataclass(frozen=True)
class QrCode:
    """`modules` of one side, without the quiet zone. `path`: the dark ones as rectangles (ISO 32000-1, 8.5.2), a unit
    each, from the bottom left."""

    modules: int
    path: bytes


@dataclass(frozen=True)
class Stamp:
    """A StampContent prepared for drawing in the sandbox."""

    paragraphs: tuple[str, ...]
    image: StampImage | bytes | None  # bytes: a PNG, converted when it is drawn
    code: QrCode | None
    description: str  # alternative text, for readers who can't see the stamp
    fonts: tuple[str, ...]  # paths


@dataclass(frozen=True)
class StampStyle(BaseStampStyle):
    """Draws `stamp` upright on a page shown turned by `rotation`. `size`: of the rectangle in user space, not turned,
    in points (pyHanko's own box is one of whole units)."""

    stamp: Stamp | None = None
    size: tuple[float, float] = (0.0, 0.0)
    rotation: int = 0

    def create_stamp(
        self, writer: BasePdfFileWriter, box: layout.BoxConstraints, text_params: dict[str, Any]
    ) -> BaseStamp:
        return _Drawing(writer, self)


class _Drawing(BaseStamp):
    """A form in points; viewers fit it to the annotation's rectangle (ISO 32000-1, 12.5.5)."""

    def __init__(self, writer: BasePdfFileWriter, style: StampStyle) -> None:
        super().__init__(writer, style, layout.BoxConstraints(*style.size))
        assert style.stamp is not None
        self._stamp, self._size, self._rotation = style.stamp, style.size, style.rotation

    def as_form_xobject(self) -> generic.StreamObject:
        form = super().as_form_xobject()
        form[pdf_name("/BBox")] = numbers((0.0, 0.0, *self._size))  # pyHanko's would cut off parts of points
        form.compress()
        return form

    def render(self) -> bytes:
        width, height = self._size
        matrix = upright_matrix(self._rotation, width, height)
        if self._rotation in (90, 270):
            width, height = height, width
        type_ = Typesetter(self._stamp.fonts)
        laid = lay_out(
            width,
            height,
            paragraphs=[text for text in map(plain, self._stamp.paragraphs) if text],
            measure=lambda text: type_.width(text) / EM,
            has_image=self._stamp.image is not None,
            modules=self._stamp.code.modules if self._stamp.code else 0,
        )
        self.set_resource(ResourceType.COLOR_SPACE, pdf_name("/CS0"), _colours())
        parts = [b"q %g %g %g %g %g %g cm /CS0 cs /CS0 CS" % matrix, _frame(width, height)]
        parts.append(self._text(laid, type_))
        if laid.image and self._stamp.image:
            image = self._stamp.image
            parts.append(self._image(converted(image) if isinstance(image, bytes) else image, laid.image))
        if laid.code and self._stamp.code:
            parts.append(_code(self._stamp.code, laid.code))
        return b"\n".join([*parts, b"Q"])

    def _text(self, laid: StampLayout, type_: Typesetter) -> bytes:
        shaped = [(type_.shape(line.text), line) for line in laid.lines]
        for glyphs, _line in shaped:
            type_.keep(glyphs)
        for name, font in type_.embed(self._ensure_writer).items():
            self.set_resource(ResourceType.FONT, pdf_name(name), font)
        drawn = [type_.operators(glyphs, x=line.x, y=line.y, size=laid.size) for glyphs, line in shaped]
        return b"\n".join([b"q %g %g %g sc" % INK, *drawn, b"Q"])

    def _image(self, picture: StampImage, room: Rectangle) -> bytes:
        """The image as large as it fits."""
        writer = self._ensure_writer
        mask = writer.add_object(picture.mask_stream())
        colours = picture.colours_stream({"/ColorSpace": _colours(), "/Mask": mask})
        self.set_resource(ResourceType.XOBJECT, pdf_name("/Signature"), writer.add_object(colours))
        scale = min(room.width / picture.width, room.height / picture.height)
        width, height = picture.width * scale, picture.height * scale
        x, y = room.x + (room.width - width) / 2, room.y + (room.height - height) / 2
        return b"q %.3f 0 0 %.3f %.3f %.3f cm /Signature Do Q" % (width, height, x, y)


def plain(text: str) -> str:
    """The text without control characters, at most MAX_LINE long. Joiners stay, because they decide the letters'
    forms."""
    return "".join(c for c in text if c in JOINERS or unicodedata.category(c)[0] != "C")[:MAX_LINE]


def _frame(width: float, height: float) -> bytes:
    line = max(0.5, height / 80)
    return b"q %g %g %g SC %g w %g %g %g %g re S Q" % (
        *FRAME, line, line / 2, line / 2, width - line, height - line,
    )  # fmt: skip


@lru_cache(maxsize=4)
def qr_code(address: str) -> QrCode:
    """Readable even if a seventh of it is damaged (ISO/IEC 18004, level M). Made in the process that asks for
    signatures, once: it is the same in each."""
    rows = [bytes(row) for row in segno.make(address, error="m", micro=False).matrix]
    path = [
        b"%d %d %d 1 re" % (start, len(rows) - 1 - rank, end - start)
        for rank, row in enumerate(rows)
        for start, end in _dark(row)
    ]
    return QrCode(len(rows), b"\n".join(path))


def _code(code: QrCode, place: Rectangle) -> bytes:
    """Black modules on white, all of them one path: readers that smooth edges leave no seams within one."""
    module = place.width / (code.modules + 2 * QUIET)
    x, y = place.x + QUIET * module, place.y + QUIET * module
    white = b"%g %g %g sc %.3f %.3f %.3f %.3f re f" % (*WHITE, place.x, place.y, place.width, place.height)
    black = b"%g %g %g sc %.5f 0 0 %.5f %.3f %.3f cm" % (*BLACK, module, module, x, y)
    return b"\n".join([b"q", white, black, code.path, b"f Q"])


def _dark(row: bytes) -> list[tuple[int, int]]:
    """Runs of dark modules: the first of each run, and the one behind its last."""
    edges = [n for n in range(len(row) + 1) if (n < len(row) and row[n]) != (n > 0 and row[n - 1])]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _colours() -> generic.ArrayObject:
    """Approximately sRGB, without a profile: CalRGB (ISO 32000-1, 8.6.5.3; figures of IEC 61966-2-1)."""
    primaries = (0.4124, 0.2126, 0.0193, 0.3576, 0.7152, 0.1192, 0.1805, 0.0722, 0.9505)
    calibrated = {"/WhitePoint": (0.9505, 1.0, 1.089), "/Gamma": (2.2, 2.2, 2.2), "/Matrix": primaries}
    space = dictionary({key: numbers(values) for key, values in calibrated.items()})
    return array([pdf_name("/CalRGB"), space])
