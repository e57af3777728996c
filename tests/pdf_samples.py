"""PDFs in the forms that other software writes, generated here: each sample has a trait that signing, previews and
intake must handle. `tests/files/test_samples.py` checks that each has it. For documents of real software see
`tests/sample_folder.py`."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pikepdf
from pikepdf import Array, Dictionary, Encryption, Name, ObjectStreamMode, Pdf, Stream
from PIL import Image

from bench.slow_pdfs import pdf_of, stream
from docshare.demo.letters import letter
from tests.pdf_parts import (
    embedded_font,
    form_fields,
    icc_stream,
    image_stream,
    lzw,
    page_of,
    palette_of_inks,
    picture_page,
    shown_text,
)
from tests.pdfs import hybrid_pdf, pdf_with_page, updated

LINES = ["Paracétamol 1 g, trois fois par jour.", "Repos pendant trois jours."]


@dataclass(frozen=True)
class Sample:
    """`content` is generated on each call; `trait` is a pattern in its bytes, or a condition on the opened
    document."""

    name: str
    content: Callable[[], bytes]
    trait: bytes | Callable[[Pdf], bool]
    refused: str = ""  # the code of the refusal; "" if the document is accepted and signed
    notices: tuple[str, ...] = ()


def written(change: Callable[[Pdf], None], pages: int = 1, **save: Any) -> bytes:
    """A letter with `pages` copies of its first page, after `change`, saved with these options of pikepdf."""
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(letter("Ordonnance", LINES, heading="Cabinet des Lilas"))) as pdf:
        for _ in range(pages - 1):
            pdf.pages.append(pdf.pages[0])
        change(pdf)
        pdf.save(buffer, **save)
    return buffer.getvalue()


def as_it_is(_pdf: Pdf) -> None:
    """Changes nothing."""


def with_object_streams() -> bytes:
    """Four pages; a cross-reference stream and no table, as pdfTeX and most new software write."""
    return written(as_it_is, pages=4, object_stream_mode=ObjectStreamMode.generate)


def updated_in_a_stream() -> bytes:
    """A second section after the first, both with cross-reference streams."""
    return updated(with_object_streams())


def book() -> bytes:
    """Over a hundred pages with outline, labels and links, linearised."""

    def change(pdf: Pdf) -> None:
        with pdf.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem("Chapitre", 1, "Fit"))
        pdf.Root.PageLabels = Dictionary(Nums=Array([0, Dictionary(S=Name.r), 4, Dictionary(S=Name.D)]))
        address = Dictionary(S=Name.URI, URI="https://example.org")
        pdf.pages[1].obj.Annots = Array(
            [Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[9, 9, 99, 30], A=address)]
        )

    return written(change, pages=117, linearize=True)


def form_to_fill() -> bytes:
    """A text field, a check box and a choice, without appearances; the viewer is asked to draw them."""

    def change(pdf: Pdf) -> None:
        fields = form_fields(
            pdf, [("Tx", {"V": "Durand"}), ("Btn", {"V": Name.Off}), ("Ch", {"Opt": Array(["a", "b"])})]
        )
        pdf.Root.AcroForm = Dictionary(Fields=fields, NeedAppearances=True, DA="/Helv 10 Tf 0 g")

    return written(change, object_stream_mode=ObjectStreamMode.generate)


def form_that_sends() -> bytes:
    """A button that submits the form to an address, as hyperref writes it."""

    def change(pdf: Pdf) -> None:
        send = Dictionary(S=Name.SubmitForm, F=Dictionary(FS=Name.URL, F="http://example.org"))
        fields = form_fields(pdf, [("Tx", {}), ("Btn", {"Ff": 1 << 16, "A": send})])
        pdf.Root.AcroForm = Dictionary(Fields=fields, NeedAppearances=True)

    return written(change)


def with_comments() -> bytes:
    """A note, a highlight and an ink drawing, without appearances; with an open action to a page."""

    def change(pdf: Pdf) -> None:
        common: dict[str, Any] = {"Type": Name.Annot, "F": 4, "Rect": [100, 600, 200, 620], "Contents": "À voir"}
        kinds: list[dict[str, Any]] = [
            {"Subtype": Name.Text},
            {"Subtype": Name.Highlight, "QuadPoints": [100, 620, 200, 620, 100, 600, 200, 600], "C": [1, 1, 0]},
            {"Subtype": Name.Ink, "InkList": Array([Array([100, 600, 150, 620, 200, 600])])},
        ]
        pdf.pages[0].obj.Annots = Array([pdf.make_indirect(Dictionary(**common, **kind)) for kind in kinds])
        pdf.Root.OpenAction = Array([pdf.pages[0].obj, Name.FitH, Name.null])

    return written(change)


def picture_of_four_inks() -> bytes:
    """An indexed picture in CMYK; the trailer's Info refers to the page tree."""

    def change(pdf: Pdf) -> None:
        image = image_stream(pdf, palette_of_inks(), 64, 64, Array([Name.Indexed, Name.DeviceCMYK, 255, _inks()]))
        picture_page(pdf, image, 612, 792)
        pdf.trailer.Info = pdf.Root.Pages

    return written(change)


def _inks() -> bytes:
    return b"".join(bytes([level, level // 2, 0, level]) for level in range(256))


def tiny_picture_in_lzw() -> bytes:
    """A page of four points with an LZW picture and a colour profile, as ImageMagick converts an icon."""

    def change(pdf: Pdf) -> None:
        space = Array([Name.ICCBased, icc_stream(pdf)])
        pixels = Image.radial_gradient("L").resize((16, 16)).convert("RGB").tobytes()
        image = image_stream(pdf, lzw(pixels), 16, 16, space, Filter=Array([Name.LZWDecode]))
        picture_page(pdf, image, 3.84, 3.84)
        pdf.pages[0].obj.CropBox = [0, 0, 3.84, 3.84]
        pdf.pages[0].obj.Thumb = image

    return written(change, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def photograph() -> bytes:
    """A JPEG beside text."""

    def change(pdf: Pdf) -> None:
        jpeg = io.BytesIO()
        Image.effect_noise((400, 300), 60).convert("RGB").save(jpeg, "JPEG")
        image = image_stream(pdf, jpeg.getvalue(), 400, 300, Name.DeviceRGB, Filter=Name.DCTDecode)
        page_of(pdf).Resources.XObject = Dictionary(Im0=image)
        page_of(pdf).Contents = Array([page_of(pdf).Contents, pdf.make_stream(b"q 300 0 0 200 90 200 cm /Im0 Do Q")])

    return written(change, object_stream_mode=ObjectStreamMode.generate)


def inline_picture() -> bytes:
    """A picture inside the page's content; its bytes contain the letters EI."""
    pixels = b"\x00EI\xff" * 16
    content = b"q 200 0 0 200 100 300 cm BI /W 8 /H 8 /CS /G /BPC 8 ID " + pixels + b" EI Q"

    def change(pdf: Pdf) -> None:
        page_of(pdf).Contents = Array([page_of(pdf).Contents, pdf.make_stream(content)])

    return written(change)


def turned_pages() -> bytes:
    """Four pages with different rotations, in an embedded font by glyph number, with print boxes."""

    def change(pdf: Pdf) -> None:
        for quarter, page in enumerate(pdf.pages):
            font, text = embedded_font(pdf, f"Compte rendu, page {quarter + 1}")
            page.obj.Resources = Dictionary(Font=Dictionary(F1=font))
            page.obj.Contents = pdf.make_stream(shown_text(text))
            page.obj.Rotate = 90 * quarter
            page.obj.TrimBox = page.obj.BleedBox = Array([10, 10, 585, 832])

    return written(change, pages=4)


def chinese_without_its_font() -> bytes:
    """Characters of a standard font that each reader must provide."""

    def change(pdf: Pdf) -> None:
        inside = Dictionary(Type=Name.Font, Subtype=Name.CIDFontType0, BaseFont=Name("/STSong-Light"))
        inside.CIDSystemInfo = Dictionary(Registry="Adobe", Ordering="GB1", Supplement=2)
        inside.FontDescriptor = Dictionary(
            Type=Name.FontDescriptor,
            FontName=Name("/STSong-Light"),
            Flags=4,
            FontBBox=[-25, -254, 1000, 880],
            ItalicAngle=0,
            Ascent=880,
            Descent=-120,
            CapHeight=880,
            StemV=93,
        )
        font = Dictionary(Type=Name.Font, Subtype=Name.Type0, BaseFont=Name("/STSong-Light"))
        font.Encoding, font.DescendantFonts = Name("/UniGB-UCS2-H"), Array([pdf.make_indirect(inside)])
        page_of(pdf).Resources.Font.F1 = pdf.make_indirect(font)
        more = pdf.make_stream(shown_text("处方".encode("utf-16-be")))
        page_of(pdf).Contents = Array([page_of(pdf).Contents, more])

    return written(change)


def all_from_the_tree() -> bytes:
    """Box, rotation and fonts are inherited from the page tree; one text is split over two content streams."""
    font = b"/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
    return pdf_of(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 595 842]/Rotate 180%s>>" % font,
            3: b"<</Type/Page/Parent 2 0 R/Contents[4 0 R 5 0 R]>>",
            4: stream(b"BT /F1 24 Tf 72 720 Td"),
            5: stream(b"(Ordonnance) Tj ET"),
        }
    )


def archived(part: str = "1", conformance: str = "B") -> bytes:
    """PDF/A-1b without tags, as Ghostscript writes it: a colour profile, uncompressed metadata, all fonts
    embedded."""

    def change(pdf: Pdf) -> None:
        font, text = embedded_font(pdf, "Ordonnance")
        page_of(pdf).Resources = Dictionary(Font=Dictionary(F1=font))
        page_of(pdf).Contents = pdf.make_stream(shown_text(text))
        intent = Dictionary(Type=Name.OutputIntent, S=Name.GTS_PDFA1, OutputConditionIdentifier="sRGB")
        intent.DestOutputProfile = icc_stream(pdf)
        pdf.Root.OutputIntents = Array([intent])
        pdf.docinfo["/Producer"] = "GPL Ghostscript 10.00.0"
        with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
            metadata["pdfaid:part"], metadata["pdfaid:conformance"] = part, conformance
            metadata["pdf:Producer"] = "GPL Ghostscript 10.00.0"

    return written(change, force_version="1.4", object_stream_mode=ObjectStreamMode.disable)


def locked(*, user: str = "", revision: Literal[3, 4, 6] = 6) -> bytes:
    """Encrypted; without a `user` password every viewer opens it."""
    strong = revision >= 4
    return written(as_it_is, encryption=Encryption(owner="owner", user=user, R=revision, aes=strong, metadata=strong))


def with_attachment() -> bytes:
    """An attachment with a plain name and no Unicode name, as pypdf writes it."""

    def change(pdf: Pdf) -> None:
        kept = pdf.make_indirect(Stream(pdf, b"\x89PNG", Type=Name.EmbeddedFile))
        entry = Dictionary(Type=Name.Filespec, F="image.png", EF=Dictionary(F=kept))
        pdf.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=Array(["image.png", entry])))

    return written(change)


def with_a_hole() -> bytes:
    """Linearised, with zeros where the page tree was."""
    whole = written(as_it_is, pages=4, linearize=True, object_stream_mode=ObjectStreamMode.disable)
    return re.sub(rb"<< /Count 4[^>]*>>", lambda found: b"\0" * len(found[0]), whole)


def _has(*path: str) -> Callable[[Pdf], bool]:
    """Whether the catalogue has a value under these keys."""

    def check(pdf: Pdf) -> bool:
        found = pdf.Root
        for name in path:
            found = found[name]
        return found is not None

    return check


SAMPLES = [
    Sample("a table of cross-references", lambda: written(as_it_is), rb"\nxref\n"),
    Sample("object streams", with_object_streams, rb"/Type /XRef"),
    Sample("an update in a table", lambda: updated(written(as_it_is)), rb"/Prev \d+[\s\S]+%%EOF"),
    Sample("an update in a stream", updated_in_a_stream, rb"/XRef[\s\S]+%%EOF[\s\S]+/XRef[\s\S]+%%EOF"),
    Sample("table and stream", hybrid_pdf, rb"/XRefStm"),
    Sample("table and stream of Word", lambda: hybrid_pdf(as_word=True), rb"xref\n0 0\n"),
    Sample("a book", book, rb"/Linearized"),
    Sample("a form to fill", form_to_fill, lambda pdf: bool(pdf.Root.AcroForm.NeedAppearances)),
    Sample("a form that sends", form_that_sends, rb"/SubmitForm", notices=("sends_form",)),
    Sample("comments", with_comments, rb"/Highlight"),
    Sample("a picture of four inks", picture_of_four_inks, lambda pdf: bool(pdf.trailer.Info.Type == Name.Pages)),
    Sample("a tiny picture in LZW", tiny_picture_in_lzw, rb"/LZWDecode"),
    Sample("a photograph", photograph, rb"/DCTDecode"),
    Sample(
        "a picture inside the content", inline_picture, lambda pdf: b"EI\xff" in pdf.pages[0].Contents[1].read_bytes()
    ),
    Sample(
        "turned pages", turned_pages, lambda pdf: [int(page.obj.Rotate) for page in pdf.pages] == [0, 90, 180, 270]
    ),
    Sample("Chinese without its font", chinese_without_its_font, rb"/UniGB-UCS2-H"),
    Sample("all from the tree of pages", all_from_the_tree, rb"/Pages[^>]+/MediaBox[^>]+/Rotate"),
    Sample("a cropped page", lambda: pdf_with_page(crop_box=(100, 150, 500, 700)), rb"/CropBox"),
    Sample("larger units", lambda: pdf_with_page(media_box=(0, 0, 200, 280), user_unit=3.0), rb"/UserUnit"),
    Sample("a page of five metres", lambda: pdf_with_page(media_box=(0, 0, 14400, 14400)), rb"14400"),
    Sample("PDF/A-1b", archived, _has("/OutputIntents")),
    Sample("encrypted by RC4, no password", lambda: locked(revision=3), lambda pdf: pdf.is_encrypted),
    Sample("encrypted by AES-128, no password", lambda: locked(revision=4), lambda pdf: pdf.is_encrypted),
    Sample("encrypted by AES-256, no password", locked, lambda pdf: pdf.is_encrypted),
    Sample("an attachment", with_attachment, _has("/Names", "/EmbeddedFiles"), notices=("attachments",)),
    Sample("bytes behind the end", lambda: written(as_it_is) + b"\r\n\0\0<!-- proxy -->", rb"%%EOF\s+\0"),
    Sample("a password", lambda: locked(user="lilas", revision=3), rb"/Encrypt", refused="password"),
    Sample("a hole", with_a_hole, rb"/Linearized[\s\S]+obj\s\0{40}", refused="unreadable"),
]
