"""Renders and verifies a PDF for `make corpus`, in a limited child process. Imports no Django."""

from __future__ import annotations

import hashlib
from typing import Any

import pypdfium2 as pdfium
from PIL import Image, ImageDraw
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from files.decoding import draw_fields
from signing.pdf.geometry import PageGeometry, stamp_rectangle
from signing.pdf.verifying_child import opened as read

PIXELS = 240  # longest side of a rendering
MAX_RENDERED = 12  # pages: the first ones and the signed one


def opened(path: str) -> dict[str, Any]:
    """`{"pages"}`: the number of pages in a viewer without a password; 0 if it can't open the file."""
    try:
        pages = len(pdfium.PdfDocument(path))
    except pdfium.PdfiumError:
        pages = 0
    return {"pages": pages}


def shown(path: str, signed_page: int, stamp: tuple[float, float, float]) -> dict[str, Any]:
    """Hashes of the first pages and the signed one, as rendered, the stamp's surroundings painted over.

    `stamp`: centre and width, as fractions. Null for a page that does not render.
    """
    pdf = pdfium.PdfDocument(path)
    draw_fields(pdf)
    pages = sorted({*range(1, min(len(pdf), MAX_RENDERED) + 1), signed_page})
    return {str(number): _hash(pdf, number, stamp if number == signed_page else None) for number in pages}


def _hash(pdf: Any, number: int, stamp: tuple[float, float, float] | None) -> str | None:
    try:
        page = pdf[number - 1]
        width, height = page.get_size()
        scale = min(PIXELS / max(width, height, 1), 4)
        if min(width, height) * scale < 1:
            return "too thin to see"
        image = page.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")
    except pdfium.PdfiumError:
        return None
    if stamp:
        _paint_over(image, stamp, (width, height))
    return hashlib.sha256(image.tobytes()).hexdigest()


def _paint_over(image: Image.Image, stamp: tuple[float, float, float], page: tuple[float, float]) -> None:
    x, y, share = stamp
    x0, y0, x1, y1 = stamp_rectangle(PageGeometry((0, 0, *page), 0), x=x, y=y, width=share)
    across, down = image.width / page[0], image.height / page[1]
    box = [x0 * across - 3, image.height - y1 * down - 3, x1 * across + 3, image.height - y0 * down + 3]
    ImageDraw.Draw(image).rectangle(box, fill=(0, 0, 0))


def judged(path: str, strict: bool) -> dict[str, Any]:
    """The last signature as judged by pyHanko, strict or not. `{"valid", "whole", "why"}`."""
    try:
        with open(path, "rb") as file:
            signature = read(file, strict=strict).embedded_regular_signatures[-1]
            status = validate_pdf_signature(
                signature, signer_validation_context=ValidationContext(trust_roots=[], allow_fetching=False)
            )
            coverage = status.coverage.name if status.coverage else "unknown"
            return {"valid": status.intact and status.valid, "whole": coverage == "ENTIRE_FILE", "why": coverage}
    except Exception as error:  # of any kind, on damaged files
        return {"valid": False, "whole": False, "why": f"{type(error).__name__}: {str(error)[:60]}"}
