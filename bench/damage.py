"""Typical damage of real PDFs: each function maps the bytes of an intact file to damaged ones."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable

import pikepdf

Damage = Callable[[bytes], bytes]


def tail_cut(pdf: bytes) -> bytes:
    """The end is missing, from the pointer to the cross-reference table on."""
    return pdf[: pdf.rindex(b"startxref")]


def without_startxref(pdf: bytes) -> bytes:
    return re.sub(rb"startxref\s+\d+", b"", pdf)


def wrong_startxref(pdf: bytes) -> bytes:
    return re.sub(rb"startxref\s+\d+", b"startxref\n123", pdf)


def junk_in_front(pdf: bytes) -> bytes:
    """Lines of a mail or of a printer before the header: every offset is wrong by their length."""
    return b"\x1b%-12345X@PJL JOB\r\n@PJL ENTER LANGUAGE=PDF\r\n" + pdf


def junk_behind(pdf: bytes) -> bytes:
    return pdf + b"\0" * 3000 + b"<html>a web server's words</html>\n"


def shifted_by_newlines(pdf: bytes) -> bytes:
    """A transfer as text changed line ends in the structure, so offsets are wrong."""
    return pdf.replace(b"\nendobj", b"\r\nendobj")


def broken_lengths(pdf: bytes) -> bytes:
    return re.sub(rb"/Length (\d)", rb"/Length 9\1", pdf)


def object_number_off(pdf: bytes) -> bytes:
    """A cross-reference section starts at 1 although its entries start at 0."""
    return re.sub(rb"xref(\s+)0 (\d+)", rb"xref\g<1>1 \2", pdf)


def odd_header(pdf: bytes) -> bytes:
    return re.sub(rb"%PDF-\d\.\d", b"%PDF-a.b", pdf, count=1)


def missing_endobj(pdf: bytes) -> bytes:
    return pdf.replace(b"endobj", b"      ", 3)


def _rewritten(change: Callable[[pikepdf.Pdf], None]) -> Damage:
    def damage(pdf: bytes) -> bytes:
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            change(opened)
            written = io.BytesIO()
            opened.save(
                written,
                static_id=True,
                fix_metadata_version=False,
                compress_streams=False,
                object_stream_mode=pikepdf.ObjectStreamMode.disable,
            )
        return written.getvalue()

    return damage


def _indirect(pdf: pikepdf.Pdf, *numbers: int) -> list[pikepdf.Object]:
    """Numbers become indirect objects."""
    return [pdf.make_indirect(pikepdf.Object.parse(str(number).encode())) for number in numbers]


def _each_page(key: str, value: Callable[[pikepdf.Pdf], object]) -> Damage:
    def change(pdf: pikepdf.Pdf) -> None:
        for page in pdf.pages:
            page.obj[key] = value(pdf)

    return _rewritten(change)


def _count_wrong(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Pages.Count = 99


def _count_missing(pdf: pikepdf.Pdf) -> None:
    del pdf.Root.Pages.Count


def _broken_metadata(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Metadata = pdf.make_stream(b"<x:xmpmeta not xml", Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML)


def _metadata_of_no_use(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Metadata = pdf.make_stream(
        b"<?xpacket?><a/>", Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML, Filter=pikepdf.Name.FlateDecode
    )


def _form_of_no_use(pdf: pikepdf.Pdf) -> None:
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([pikepdf.Dictionary(), pikepdf.Array([])]))


def _form_is_null(pdf: pikepdf.Pdf) -> None:
    pdf.Root.AcroForm = pdf.make_indirect(pikepdf.Array([]))


def _annotations_of_no_use(pdf: pikepdf.Pdf) -> None:
    for page in pdf.pages:
        page.obj.Annots = pikepdf.Dictionary()


def _information_of_no_use(pdf: pikepdf.Pdf) -> None:
    pdf.trailer.Info = pdf.make_indirect(pikepdf.Dictionary(CreationDate="yesterday", ModDate=12, Title=[]))


def _broken_stream(pdf: pikepdf.Pdf) -> None:
    for page in pdf.pages:
        stream = pdf.make_stream(b"")
        stream.write(zlib.compress(b"0 0 m 10 10 l S " * 50)[:-9], filter=pikepdf.Name.FlateDecode)
        page.obj.Contents = stream


def _deep_tree(pdf: pikepdf.Pdf) -> None:
    for _ in range(300):
        inner = pdf.Root.Pages
        pdf.Root.Pages = pdf.make_indirect(
            pikepdf.Dictionary(Type=pikepdf.Name.Pages, Kids=[inner], Count=inner.Count)
        )
        inner.Parent = pdf.Root.Pages


DAMAGES: dict[str, Damage] = {
    "tail cut": tail_cut,
    "no startxref": without_startxref,
    "wrong startxref": wrong_startxref,
    "junk in front": junk_in_front,
    "junk behind": junk_behind,
    "line ends changed": shifted_by_newlines,
    "broken lengths": broken_lengths,
    "object numbers off by one": object_number_off,
    "odd header": odd_header,
    "missing endobj": missing_endobj,
    "zero box": _each_page("/MediaBox", lambda _pdf: pikepdf.Array([0, 0, 0, 0])),
    "short box": _each_page("/MediaBox", lambda _pdf: pikepdf.Array([0, 0, 595])),
    "null in box": _each_page("/MediaBox", lambda _pdf: pikepdf.Array([0, 0, None, 842])),
    "indirect numbers in box": _each_page("/MediaBox", lambda pdf: pikepdf.Array([0, 0, *_indirect(pdf, 595, 842)])),
    "box is a name": _each_page("/CropBox", lambda _pdf: pikepdf.Name("/None")),
    "rotation is text": _each_page("/Rotate", lambda _pdf: pikepdf.String("90")),
    "rotation is 45": _each_page("/Rotate", lambda _pdf: 45),
    "wrong count": _rewritten(_count_wrong),
    "no count": _rewritten(_count_missing),
    "broken metadata": _rewritten(_broken_metadata),
    "undecodable metadata": _rewritten(_metadata_of_no_use),
    "form fields of no use": _rewritten(_form_of_no_use),
    "form is no dictionary": _rewritten(_form_is_null),
    "annotations are no array": _rewritten(_annotations_of_no_use),
    "information of no use": _rewritten(_information_of_no_use),
    "broken stream": _rewritten(_broken_stream),
    "deep page tree": _rewritten(_deep_tree),
}
