"""Documents for the measurements."""

from __future__ import annotations

import io
import os

import pikepdf

SIZE = 50_000_000  # bytes; just under the limit


def large_pdf(size: int = SIZE) -> bytes:
    """A PDF of about `size` bytes: four pages and a few large streams, as scans are."""
    pdf = pikepdf.Pdf.new()
    for _ in range(4):
        page = pdf.add_blank_page(page_size=(595, 842))
        page.obj.Scan = pdf.make_indirect(pikepdf.Stream(pdf, os.urandom(size // 4)))
    buffer = io.BytesIO()
    pdf.save(buffer, compress_streams=False)
    return buffer.getvalue()
