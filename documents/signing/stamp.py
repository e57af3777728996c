"""How a signature looks on the page: a frame, the signature's image, who signed and when. Imports no Django."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass
from typing import Any

from PIL import Image
from pyhanko.pdf_utils import layout
from pyhanko.pdf_utils.content import PdfContent, ResourceType
from pyhanko.pdf_utils.font.opentype import GlyphAccumulator
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.images import PdfImage
from pyhanko.stamp import StaticStampStyle

from documents.signing.geometry import Box, upright_matrix

MAX_LINE = 80  # characters
INK = (0.07, 0.13, 0.20)
FRAME = (0.05, 0.42, 0.44)


@dataclass(frozen=True)
class StampContent:
    """What the stamp shows. Text is plain and its length capped."""

    image_png: bytes | None
    signer_name: str
    professional_number: str


class StampDrawing(PdfContent):
    """The stamp as PDF operators, upright on a page shown turned by `rotation`."""

    def __init__(self, *, box: Box, rotation: int, lines: list[str], image_png: bytes | None, font: bytes) -> None:
        # Whole units, as pyHanko makes the form's BBox; viewers fit it to the annotation's rectangle.
        self._size = (max(1, int(box[2] - box[0])), max(1, int(box[3] - box[1])))
        super().__init__(box=layout.BoxConstraints(*self._size))
        self._rotation = rotation
        self._lines = [_plain(line) for line in lines if line]
        self._image_png = image_png
        self._font = font

    def render(self) -> bytes:
        width, height = map(float, self._size)
        matrix = upright_matrix(self._rotation, width, height)
        if self._rotation in (90, 270):
            width, height = height, width
        parts = [b"q", b"%g %g %g %g %g %g cm" % matrix, self._frame(width, height)]
        text_height = height * (0.42 if self._image_png else 0.84)
        parts.append(self._text(width, height * 0.08, text_height))
        if self._image_png:
            parts.append(self._image(width, height * 0.52, height * 0.42))
        parts.append(b"Q")
        return b"\n".join(parts)

    def _frame(self, width: float, height: float) -> bytes:
        line = max(0.5, height / 80)
        return b"q %g %g %g RG %g w %g %g %g %g re S Q" % (
            *FRAME, line, line / 2, line / 2, width - line, height - line,
        )  # fmt: skip

    def _text(self, width: float, bottom: float, height: float) -> bytes:
        """The lines, one under the other, as large as they fit."""
        engine = GlyphAccumulator(self._ensure_writer, io.BytesIO(self._font), font_size=1)
        shaped = [engine.shape(line) for line in self._lines]
        longest = max(float(line.x_advance) for line in shaped)
        size = min(height / (1.25 * len(shaped)), width * 0.92 / longest)
        self.set_resource(ResourceType.FONT, pdf_name("/StampFont"), engine.as_resource())
        operators = [b"q %g %g %g rg" % INK]
        for rank, line in enumerate(shaped):
            x = (width - float(line.x_advance) * size) / 2
            y = bottom + (len(shaped) - 1 - rank) * size * 1.25 + size * 0.25
            operators.append(b"BT /StampFont %g Tf %g %g Td %s ET" % (size, x, y, line.graphics_ops))
        return b"\n".join([*operators, b"Q"])

    def _image(self, width: float, bottom: float, height: float) -> bytes:
        picture = Image.open(io.BytesIO(self._image_png or b""), formats=["PNG"])
        scale = min(width * 0.9 / picture.width, height / picture.height)
        drawn = (picture.width * scale, picture.height * scale)
        image = PdfImage(picture, writer=self.writer, name="Signature")  # one unit a pixel
        operators: bytes = image.render()
        self.import_resources(image.resources)
        x, y = (width - drawn[0]) / 2, bottom + (height - drawn[1]) / 2
        return b"q %g 0 0 %g %g %g cm %s Q" % (scale, scale, x, y, operators)


def stamp_style(drawing: StampDrawing) -> StaticStampStyle:
    return StaticStampStyle(
        border_width=0,
        background=drawing,
        background_opacity=1.0,
        background_layout=layout.SimpleBoxLayoutRule(
            x_align=layout.AxisAlignment.ALIGN_MIN,
            y_align=layout.AxisAlignment.ALIGN_MIN,
            margins=layout.Margins(0, 0, 0, 0),
            inner_content_scaling=layout.InnerScaling.STRETCH_FILL,
        ),
    )


def _plain(text: str) -> str:
    kept: list[Any] = [c for c in text if unicodedata.category(c)[0] != "C"]
    return "".join(kept)[:MAX_LINE]
