"""Draws a stamp alone, as it will be on a page, for previews: in the sandbox, by the code that signs. Imports no
Django."""

from __future__ import annotations

import io
from typing import Any

import pypdfium2 as pdfium
from pyhanko.pdf_utils import layout
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

from signing.pdf.geometry import STAMP_ASPECT
from signing.pdf.objects import dictionary, stream
from signing.pdf.stamp import Stamp, StampStyle

CLEAR = (255, 255, 255, 0)  # the page shows through, as it does through a stamp


def draw_stamp(stamp: Stamp, width: float, pixels: int, output: str) -> dict[str, Any]:
    """Write a PNG, `pixels` wide, of the stamp at this `width` (points of paper). Answers `{"width", "height"}`."""
    page = pdfium.PdfDocument(stamp_page(stamp, width, pixels))[0]
    picture = page.render(scale=1, fill_color=CLEAR, may_draw_forms=False).to_pil()
    picture.save(output, "PNG", optimize=True)
    return {"width": picture.width, "height": picture.height}


def stamp_page(stamp: Stamp, width: float, pixels: int) -> bytes:
    """A PDF of one page that the stamp fills.

    The page has a unit for each pixel, whatever the stamp's `width`: neither the smallest nor the largest stamp
    exceeds what a page may measure.
    """
    size = (width, width * STAMP_ASPECT)
    writer = PdfFileWriter()
    style = StampStyle(stamp=stamp, size=size)
    drawing = style.create_stamp(writer, layout.BoxConstraints(*size), {}).as_form_xobject()
    resources = dictionary({"/XObject": dictionary({"/Stamp": writer.add_object(drawing)})})
    scale = pixels / width
    content = stream(b"%.9g 0 0 %.9g 0 0 cm /Stamp Do" % (scale, scale))
    writer.insert_page(
        PageObject(
            contents=writer.add_object(content),
            media_box=(0, 0, pixels, round(pixels * STAMP_ASPECT)),
            resources=resources,
        )
    )
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()
