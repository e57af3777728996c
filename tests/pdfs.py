"""PDFs for tests: rotated, cropped, in other units; updated; with both kinds of cross-references."""

from __future__ import annotations

import io
from typing import Any

import pikepdf
import pypdfium2
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter


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


def updated(content: bytes) -> bytes:
    """`content` with a second section of the same kind of cross-references, which sets a language."""
    written = io.BytesIO(content)
    writer: Any = IncrementalPdfFileWriter(written)
    writer.root["/Lang"] = generic.TextStringObject("fr")
    writer.update_root()
    writer.write_in_place()
    return written.getvalue()


def hybrid_pdf(*, as_word: bool = False) -> bytes:
    """With a cross-reference table for every reader and a stream for those of PDF 1.5 (ISO 32000-1, 7.5.8.4): only
    the stream lists the outline, in an object stream. `as_word`: the table lists it as free, and the stream belongs
    to a second, empty table, as Microsoft Word writes it. No library writes such files."""
    text = b"BT /F1 24 Tf 72 720 Td (Ordonnance) Tj ET"
    plain = {
        1: b"<</Type/Catalog/Pages 2 0 R/Outlines 6 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        4: b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
        5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    }
    outline = b"<</Type/Outlines/First 7 0 R/Last 7 0 R/Count 1>>"
    entry = b"<</Title(Traitement)/Parent 6 0 R/Dest[3 0 R/Fit]>>"
    first = b"6 0 7 %d " % (len(outline) + 1)
    packed = first + outline + b" " + entry
    plain[8] = b"<</Type/ObjStm/N 2/First %d/Length %d>>stream\n%s\nendstream" % (len(first), len(packed), packed)
    content, places = b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n", {}
    for number, body in plain.items():
        places[number] = len(content)
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    stream_at = len(content)
    rows = [bytes([2, 0, 0, 8, 0]), bytes([2, 0, 0, 8, 1])]  # the outline and its entry are in object 8
    rows += [b"\1" + place.to_bytes(3) + b"\0" for place in (places[8], stream_at)]
    content += b"9 0 obj\n<</Type/XRef/Size 10/W[1 3 1]/Index[6 4]/Root 1 0 R/Length 20>>stream\n"
    content += b"".join(rows) + b"\nendstream\nendobj\n"
    table_at = len(content)
    lines = [b"%010d 00000 n \n" % places[number] for number in range(1, 6)]
    hidden = [b"%010d 65535 f \n" % (number + 1 if number < 9 else 0) for number in range(6, 10)] if as_word else []
    first_free = 6 if hidden else 0
    content += b"xref\n0 %d\n%010d 65535 f \n" % (6 + len(hidden), first_free) + b"".join([*lines, *hidden])
    trailer = b"trailer\n<</Size 10/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n"
    also = b"/XRefStm %d" % stream_at
    if not as_word:
        return content + trailer % (also, table_at)
    content += trailer % (b"", table_at)
    return content + b"xref\n0 0\n" + trailer % (b"/Prev %d" % table_at + also, len(content))


def text_of_pdf(content: bytes) -> str:
    """What a viewer extracts from all pages, with one space where the text has white space."""
    pages = (page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(content))
    return " ".join(" ".join(pages).split())
