"""Rewrites a PDF that viewers open but that can't be signed as it is. Runs in the sandbox; imports no Django.

Remedies are tried mildest first. The result of a remedy is accepted only if it has as many pages as the viewer
counted in the original, and they look the same. A file whose earlier signatures are valid is never rewritten: that
would break them.
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
from signing.pdf import machine_faults
from signing.pdf.field_judgement import judgement_of
from signing.pdf.filled_fields import SignedRanges
from signing.pdf.geometry import A4

LOOKED_AT = 8  # pages compared, and the one to be signed
LOOK_PIXELS = 96  # longest side of what is compared
DIFFERENCE = 1.0  # mean, of 255: the loss of one highlighted word exceeds it
Remedy = Callable[[str, str], None]


def qpdf(path: str, target: str) -> None:
    """Write a new cross-reference table and keep everything else, encryption too."""
    with pikepdf.open(path) as pdf:
        pdf.trailer.Size = 1  # qpdf corrects a wrong /Size but does not add a missing one
        if pdf.is_encrypted:
            pdf.save(target, encryption=True, fix_metadata_version=False)
        else:
            pdf.save(target, fix_metadata_version=False)


def qpdf_mended(path: str, target: str) -> None:
    """Like `qpdf`, but drop encryption that only lenient readers understand, and parts that no reader can use: a form
    or annotations of a wrong type, fields that are their own ancestors, a damaged page tree."""
    with pikepdf.open(path) as pdf:
        pdf.trailer.Size = 1
        pdf.add_blank_page()
        del pdf.pages[-1]  # adding and deleting a page makes qpdf rewrite the page tree
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
    """Write what pdfium understood of the file."""
    with _opened(path) as document:
        document.save(target, flags=pdfium.raw.FPDF_REMOVE_SECURITY)
    _rewrite(target)


def pages_alone(path: str, target: str) -> None:
    """The last resort: copy the pages into a new document and flatten forms into them; bookmarks and attachments are
    lost."""
    with _opened(path) as document:
        document.init_forms()
        if document.get_formtype():  # without a form, flattening would only lose annotations
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
    """Like `pages_alone`, page by page, for a page tree that can't be copied whole. A page that no viewer shows
    becomes blank, so that the others keep their numbers. Raises ValueError if no page can be shown."""
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
    """Whether the remedy wrote `target`, with every page present and unchanged in appearance. `page`: the one to be
    signed."""
    try:
        remedy(path, target)
        return _looks_the_same(path, target, page)
    except MemoryError:
        raise
    except Exception as error:
        if machine_faults.is_machine_fault(error):
            raise
        return False  # damaged files make these libraries raise anything; another remedy may work


def holds_a_sound_signature(path: str) -> bool:
    """Whether the file already has a signature that is valid or can't be judged, which a rewrite could break.

    A signature proven broken protects nothing. pdfium looks for them, because it finds signatures in damaged files,
    too. Who signed does not matter here.
    """
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
        judged = judgement_of(bytes(contents.raw), document, sub_filter.raw.rstrip(b"\0").decode("latin-1"))
    except MemoryError:
        raise
    except Exception:
        return True  # a library can't read this kind: do not risk breaking it
    return judged.judgement != "not_valid"


def _buffer(getter: Any, signature: Any, kind: Any) -> Any:
    """The result of a pdfium function that fills a buffer; called without a buffer, it returns the length."""
    length = getter(signature, None, 0)
    buffer = (kind * length)()
    getter(signature, buffer, length)
    return buffer


def _sound_fields(fields: Any, seen: set[tuple[int, int]]) -> pikepdf.Array:
    """Keep only dictionaries, each once, and each an indirect object, as ISO 32000-1, 12.7.2 requires."""
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
        image: Image.Image = page.render(
            scale=min(LOOK_PIXELS / max(width, height, 1), 4), may_draw_forms=True
        ).to_pil()
        page.close()
    except (pdfium.PdfiumError, ValueError):
        return None
    return image.convert("RGB")


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
    """Copy the content of `source` into the existing file at `path`, which other code holds open."""
    with Path(source).open("rb") as new, Path(path).open("rb+") as old:
        old.truncate(0)
        while piece := new.read(chunk):
            old.write(piece)
