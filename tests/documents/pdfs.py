"""PDFs that tests make: pages turned, cropped, in other units."""

from __future__ import annotations

import io

import pikepdf


def pdf_with_page(
    *,
    rotate: int = 0,
    media_box: tuple[float, float, float, float] = (0, 0, 595, 842),
    crop_box: tuple[float, float, float, float] | None = None,
    user_unit: float | None = None,
    pages: int = 1,
) -> bytes:
    """Blank pages with these boxes."""
    pdf = pikepdf.Pdf.new()
    for _ in range(pages):
        page = pikepdf.Dictionary(Type=pikepdf.Name.Page, MediaBox=list(media_box), Rotate=rotate)
        if crop_box:
            page.CropBox = list(crop_box)
        if user_unit:
            page.UserUnit = user_unit
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    buffer = io.BytesIO()
    pdf.save(buffer)
    return buffer.getvalue()
