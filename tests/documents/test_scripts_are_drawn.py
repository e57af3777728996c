"""Letters of every script are drawn correctly: the stamp's typesetter is compared with Pango, which prints written
documents and shares no code with it; and text in fonts without TrueType outlines refers to the right glyphs."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2 as pdfium
import pytest
import uharfbuzz as hb
from django.conf import settings
from fontTools.cffLib import CFFFontSet
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.ttLib import TTFont
from PIL import Image, ImageChops
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

from documents.library.writing.rendering import render
from files.compact_fonts import compact_font_of, with_glyph_numbers_as_cids
from files.letters import needed_fonts
from signing.pdf.objects import dictionary, stream
from signing.pdf.stamp import plain
from signing.pdf.typesetting import Typesetter

NAMES = {
    "Latin": "Łukasz Þór Çelik", "Vietnamese": "Nguyễn Thị Ánh Ngọc", "accents apart": "Nguye\u0302\u0303n",
    "Greek": "Γιώργος", "Cyrillic": "Ђорђе Їжак", "Arabic": "محمد علي", "Persian, not joined": "کاظم\u200cزاده",
    "Hebrew": "דוד לוי", "Thai": "สมชาย กำ", "Lao": "ສົມສັກ", "Khmer": "សុខា", "Devanagari": "प्रिया शर्मा",
    "Latin before Devanagari": "Dr प्रिया", "Bengali": "প্রিয়া", "Tamil": "பிரியா", "Sinhala, joined": "ප්\u200dරියා",
    "Armenian": "Գարուն", "Georgian": "ნინო", "Ethiopic": "ሰላም", "Korean": "김민준", "Chinese": "王小明 陳",
    "Japanese": "さくら サクラー 髙木", "Latin and Chinese": "Dr 王 Morel", "Korean and Latin": "민준 Kim",
}  # fmt: skip
SIZE = 48  # points
DARK = 128


def ink(pdf: bytes) -> Image.Image:
    """The drawing on the first page, dark on white, cropped to its content."""
    page: Image.Image = pdfium.PdfDocument(pdf)[0].render(scale=1).to_pil().convert("L")
    box = page.point([255 * (level < DARK) for level in range(256)]).getbbox()
    assert box, "nothing is drawn"
    return page.crop(box)


def typeset(text: str) -> bytes:
    writer = PdfFileWriter()
    letters = Typesetter(list(map(str, settings.STAMP_FONTS)))
    line = letters.shape(plain(text))
    letters.keep(line)
    fonts = dictionary(letters.embed(writer))
    drawn = letters.operators(line, x=20, y=100, size=SIZE)
    resources = dictionary({"/Font": fonts})
    contents = writer.add_object(stream(drawn))
    page = PageObject(contents, media_box=(0, 0, 1000, 200), resources=resources)
    writer.insert_page(page)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def printed_by_pango(text: str, output: Path) -> bytes:
    fonts = {name: path for name, path in settings.PAPER_FONTS.items() if path in settings.STAMP_FONTS}
    needed = needed_fonts(text, fonts)
    faces = "".join(f"@font-face {{ font-family: {name}; src: url('docshare:{name}') }}" for name in needed)
    paper = f"@page {{ size: 1000pt 200pt; margin: 20pt }} p {{ font: {SIZE}pt {', '.join(needed)}; color: #000 }}"
    html = f"<html lang='fr'><title>x</title><style>{faces} {paper}</style><p>\u200e{text}</p>"
    render(html, {f"docshare:{name}": str(fonts[name]) for name in needed}, str(output))
    return output.read_bytes()


@pytest.mark.parametrize("script", NAMES)
def test_a_stamp_draws_a_name_as_a_written_document_does(script: str, tmp_path: Path) -> None:
    stamped, written = ink(typeset(NAMES[script])), ink(printed_by_pango(NAMES[script], tmp_path / "written.pdf"))
    assert stamped.size == pytest.approx(written.size, abs=4), script
    written = written.resize(stamped.size)
    apart = ImageChops.difference(stamped, written).point([255 * (level > DARK) for level in range(256)])
    drawn = stamped.point([255 * (level < DARK) for level in range(256)])
    assert apart.histogram()[255] < 0.12 * drawn.histogram()[255], script


@pytest.mark.parametrize("maker", ["written", "stamped"])
@pytest.mark.parametrize("script", ["Chinese", "Japanese", "Korean", "Latin and Chinese"])
def test_text_names_the_glyphs_that_the_embedded_font_calls_so(script: str, maker: str, tmp_path: Path) -> None:
    """In CID-keyed fonts, codes are CIDs (ISO 32000-2, 9.7.4.2): each code of the text is the CID of a glyph that
    draws something."""
    made = typeset(NAMES[script]) if maker == "stamped" else printed_by_pango(NAMES[script], tmp_path / "written.pdf")
    compact = 0
    with pikepdf.open(io.BytesIO(made)) as pdf:
        for font in (font for font in pdf.objects if _is_composite(font)):
            descriptor = font.DescendantFonts[0].FontDescriptor
            assert "/FontFile3" in descriptor or "/FontFile2" in descriptor
            if "/FontFile3" not in descriptor:
                continue
            compact += 1
            assert descriptor.FontFile3.Subtype == "/CIDFontType0C"
            drawing = _drawing_cids(descriptor.FontFile3.read_bytes())
            letters = _letters(font.ToUnicode.read_bytes())
            assert {code for code, letter in letters.items() if code and not letter.isspace()} <= drawing
    assert compact == 1


def _is_composite(one: Any) -> bool:
    return isinstance(one, pikepdf.Dictionary) and one.get("/Subtype") == "/Type0"


def _letters(to_unicode: bytes) -> dict[int, str]:
    pairs = re.findall(rb"^<([0-9a-f]{4})> <([0-9a-f]{4,})>$", to_unicode, re.MULTILINE)
    return {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}


def _drawing_cids(compact_font: bytes) -> set[int]:
    fonts = CFFFontSet()
    fonts.decompile(io.BytesIO(compact_font), None)
    top = fonts.topDictIndex[0]
    return {
        int(name.removeprefix("cid"))
        for rank, name in enumerate(top.charset)
        if rank and len(top.CharStrings.charStringsIndex[rank].bytecode) > 3
    }


@pytest.mark.parametrize("count", [1, 2, 3, 40, 250, 600])
@pytest.mark.parametrize("scattered", [True, False])
def test_every_glyph_gets_its_number_as_cid_whatever_the_form_of_the_charset(count: int, scattered: bool) -> None:
    face = hb.Face(hb.Blob.from_file_path(str(settings.PAPER_FONTS["Chinese"])))
    wanted = hb.SubsetInput()
    wanted.glyph_set.update(range(1000, 1000 + count * 7, 7) if scattered else range(1000, 1000 + count))
    before = hb.SubsetPlan(face, wanted).execute().blob.data
    table = compact_font_of(before)
    after = with_glyph_numbers_as_cids(table)
    assert len(after) == len(table)
    names, outlines = _charset(after)
    assert len(names) > count
    assert names == [".notdef", *(f"cid{number:05d}" for number in range(1, len(names)))]
    assert outlines == _charset(table)[1]


def _charset(compact_font: bytes) -> tuple[list[str], list[bytes]]:
    fonts = CFFFontSet()
    fonts.decompile(io.BytesIO(compact_font), None)
    top = fonts.topDictIndex[0]
    return list(top.charset), [top.CharStrings.charStringsIndex[rank].bytecode for rank in range(len(top.charset))]


def test_a_font_that_is_not_keyed_by_cid_stays_as_it_is() -> None:
    pen = T2CharStringPen(500, None)
    pen.moveTo((0, 0))
    pen.lineTo((400, 0))
    pen.lineTo((0, 400))
    pen.closePath()
    outline = pen.getCharString()
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder([".notdef", "A"])
    builder.setupCharacterMap({65: "A"})
    builder.setupCFF("Plain", {"FullName": "Plain"}, {".notdef": outline, "A": outline}, {})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "A": (500, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupOS2()
    builder.setupPost()
    buffer = io.BytesIO()
    builder.save(buffer)
    table = compact_font_of(buffer.getvalue())
    assert TTFont(io.BytesIO(buffer.getvalue())).getGlyphOrder() == [".notdef", "A"]
    assert with_glyph_numbers_as_cids(table) == table
    with pytest.raises(ValueError, match="no CFF table"):
        compact_font_of(Path(settings.PAPER_FONTS["Regular"]).read_bytes())


@pytest.mark.parametrize(
    ("text", "font"), [("王小明陳", "Chinese"), ("さくらサクラ髙木", "Chinese"), ("김민준", "Korean")]
)
def test_a_text_is_set_in_one_font(text: str, font: str) -> None:
    assert needed_fonts(text, settings.PAPER_FONTS) == [font]
