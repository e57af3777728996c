"""Rewriting a PDF that can't be signed as it is, although viewers open it. Runs in the sandbox; imports no Django.

Remedies, mildest first. What one of them wrote is taken only where it has as many pages as the viewer counted in the
original, and they look the same. No remedy is for a file whose earlier signatures still hold: a rewrite breaks them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import c_char, c_int
from pathlib import Path
from typing import Any, BinaryIO

import pikepdf
import pypdfium2 as pdfium
from PIL import Image, ImageChops, ImageStat

from files.decoding import draw_fields
from signing.pdf import machine
from signing.pdf.field_judgement import judgement_of
from signing.pdf.filled_fields import SignedRanges
from signing.pdf.geometry import A4

LOOKED_AT = 8  # pages compared, and the one to be signed
LOOK_PIXELS = 96  # longest side of what is compared
DIFFERENCE = 1.0  # mean, of 255: a highlighted word that got lost is more
Remedy = Callable[[str, str], None]


def qpdf(path: str, target: str) -> None:
    """A new cross-reference table, everything else as it was, encryption too."""
    with pikepdf.open(path) as pdf:
        pdf.trailer.Size = 1  # qpdf corrects what is there; a trailer without it stays without it
        if pdf.is_encrypted:
            pdf.save(target, encryption=True, fix_metadata_version=False)
        else:
            pdf.save(target, fix_metadata_version=False)


def qpdf_mended(path: str, target: str) -> None:
    """The same, without encryption that only lenient readers understand, and what no reader can use is left out:
    a form or annotations that are no such thing, fields that are their own ancestors, a damaged page tree."""
    with pikepdf.open(path) as pdf:
        pdf.trailer.Size = 1
        pdf.add_blank_page()
        del pdf.pages[-1]  # either makes qpdf write the page tree anew
        for page in pdf.pages:
            if not isinstance(page.obj.get("/Annots", pikepdf.Array()), pikepdf.Array):
                del page.obj["/Annots"]
        form = pdf.Root.get("/AcroForm")
        if form is not None and not isinstance(form, pikepdf.Dictionary):
            del pdf.Root["/AcroForm"]
        elif form is not None:
            form.Fields = _sound_fields(form.get("/Fields"), set())
        pdf.save(target, fix_metadata_version=False)


def pdfium_copy(path: str, target: str) -> None:
    """What a viewer's engine understood of the file, as it writes it."""
    with _opened(path) as document:
        document.save(target, flags=pdfium.raw.FPDF_REMOVE_SECURITY)
    _rewrite(target)


def pages_alone(path: str, target: str) -> None:
    """The last resort: its pages in a new document, forms made part of them; bookmarks and attachments are lost."""
    with _opened(path) as document:
        document.init_forms()
        if document.get_formtype():  # else flattening could only lose annotations
            for number in range(len(document)):
                page = document[number]
                pdfium.raw.FPDFPage_Flatten(page.raw, pdfium.raw.FLAT_NORMALDISPLAY)
                page.close()
        copy = pdfium.PdfDocument.new()
        try:
            copy.import_pages(document)
            copy.save(target)
        finally:
            copy.close()
    _rewrite(target)


def page_by_page(path: str, target: str) -> None:
    """The same for a page tree that can't be copied whole: a page that no viewer shows becomes a blank one, so that
    the others keep their numbers. Raises ValueError where none is shown."""
    with _opened(path) as document:
        seen = [_look(document, number) is not None for number in range(len(document))]
        if not any(seen):
            raise ValueError("no page is shown")
        copy = pdfium.PdfDocument.new()
        try:
            for number, is_seen in enumerate(seen):
                if is_seen:
                    copy.import_pages(document, [number])
                else:
                    copy.new_page(A4[2], A4[3])
            copy.save(target)
        finally:
            copy.close()
    _rewrite(target)


REMEDIES: tuple[Remedy, ...] = (qpdf, qpdf_mended, pdfium_copy, pages_alone, page_by_page)


def works(remedy: Remedy, path: str, target: str, page: int) -> bool:
    """Whether the remedy wrote `target`, every page kept and looking as before. `page`: the one to be signed."""
    try:
        remedy(path, target)
        return _looks_the_same(path, target, page)
    except MemoryError:
        raise
    except Exception as error:
        if machine.is_to_blame(error):
            raise
        return False  # on damaged files these libraries raise what they like; another remedy may do


def holds_a_sound_signature(path: str) -> bool:
    """Whether a rewrite could break a signature that the file came with: one that is valid, or that can't be judged.
    One proven broken protects nothing. Asked of pdfium, which finds signatures in damaged files; who signed does not
    matter here."""
    try:
        with _opened(path) as document, open(path, "rb") as file:
            count = max(0, pdfium.raw.FPDF_GetSignatureCount(document.raw))
            return any(_is_sound(file, pdfium.raw.FPDF_GetSignatureObject(document.raw, n)) for n in range(count))
    except pdfium.PdfiumError:
        return False


def _is_sound(file: BinaryIO, signature: Any) -> bool:
    contents = _buffer(pdfium.raw.FPDFSignatureObj_GetContents, signature, c_char)
    byte_range = list(_buffer(pdfium.raw.FPDFSignatureObj_GetByteRange, signature, c_int))
    if not contents or not byte_range or len(byte_range) % 2 or min(byte_range) < 0:
        return False  # an empty field, or nothing that could be verified
    sub_filter = _buffer(pdfium.raw.FPDFSignatureObj_GetSubFilter, signature, c_char)
    document = SignedRanges(file, byte_range)
    try:
        found = judgement_of(bytes(contents.raw), document, sub_filter.raw.rstrip(b"\0").decode("latin-1"))
    except MemoryError:
        raise
    except Exception:
        return True  # of a kind that a library does not read: better not broken by us
    return found.judgement != "not_valid"


def _buffer(getter: Any, signature: Any, kind: Any) -> Any:
    """What a pdfium function that fills a buffer has to give; it tells the length when given none."""
    length = getter(signature, None, 0)
    buffer = (kind * length)()
    getter(signature, buffer, length)
    return buffer


def _sound_fields(fields: Any, seen: set[tuple[int, int]]) -> pikepdf.Array:
    """Dictionaries alone, each once, and each an object of its own, as ISO 32000-1, 12.7.2 asks."""
    sound = pikepdf.Array()
    for field in fields if isinstance(fields, pikepdf.Array) else ():
        if not isinstance(field, pikepdf.Dictionary) or not field.is_indirect or field.objgen in seen:
            continue
        seen.add(field.objgen)
        if "/Kids" in field:
            field.Kids = _sound_fields(field.Kids, seen)
        sound.append(field)
    return sound


def _rewrite(path: str) -> None:
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.save(path, fix_metadata_version=False)


def _looks_the_same(path: str, target: str, page: int) -> bool:
    with _opened(path) as before, _opened(target) as after:
        if len(before) != len(after):
            return False
        draw_fields(before)
        draw_fields(after)
        pages = {*range(min(len(before), LOOKED_AT)), page - 1}
        return all(_alike(_look(before, number), _look(after, number)) for number in pages)


def _look(document: Any, number: int) -> Image.Image | None:
    try:
        page = document[number]
        width, height = page.get_size()
        image = page.render(scale=min(LOOK_PIXELS / max(width, height, 1), 4), may_draw_forms=True).to_pil()
        page.close()
    except (pdfium.PdfiumError, ValueError):
        return None
    return image.convert("RGB")  # type: ignore[no-any-return]  # pypdfium2 has no types


def _alike(before: Image.Image | None, after: Image.Image | None) -> bool:
    if before is None:
        return True  # nobody saw it before
    if after is None or abs(before.width - after.width) > 1 or abs(before.height - after.height) > 1:
        return False
    difference = ImageStat.Stat(ImageChops.difference(before, after.resize(before.size)))
    return max(difference.mean) <= DIFFERENCE


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    document = pdfium.PdfDocument(path)
    try:
        yield document
    finally:
        document.close()


def put_in_place(source: str, path: str, chunk: int) -> None:
    """The content of `source` into the very file of `path`, which others hold open."""
    with Path(source).open("rb") as new, Path(path).open("rb+") as old:
        old.truncate(0)
        while piece := new.read(chunk):
            old.write(piece)
