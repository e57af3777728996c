"""Parts for sample PDFs: fonts, pictures, fields."""

from __future__ import annotations

import io
from typing import Any

from django.conf import settings
from fontTools import subset
from fontTools.ttLib import TTFont
from pikepdf import Array, Dictionary, Name, Pdf
from PIL import Image, ImageCms

SHOWN = b"BT /F1 24 Tf 72 720 Td <%s> Tj ET"
CLEAR, END, CODES_OF_9_BITS = 256, 257, 200  # LZW: few enough codes between clearings that 9 bits are enough


def page_of(pdf: Pdf) -> Any:
    return pdf.pages[0].obj


def shown_text(codes: bytes) -> bytes:
    """Content that shows these bytes in the font F1."""
    return SHOWN % codes.hex().encode()


def embedded_font(pdf: Pdf, text: str) -> tuple[Any, bytes]:
    """A font with only the glyphs of `text`, identified by number, and `text` as these numbers, two bytes each."""
    font = TTFont(str(settings.PAPER_FONTS["Regular"]))
    options = subset.Options()
    options.retain_gids = False
    smaller = subset.Subsetter(options)
    smaller.populate(text=text)
    smaller.subset(font)
    program = io.BytesIO()
    font.save(program)
    numbers = {letter: font.getGlyphID(font.getBestCmap()[ord(letter)]) for letter in set(text)}
    scale = 1000 / font["head"].unitsPerEm
    widths = [round(font["hmtx"][name][0] * scale) for name in font.getGlyphOrder()]
    name = Name("/ABCDEF+" + font["name"].getDebugName(6).replace(" ", ""))
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=name,
        Flags=4,
        ItalicAngle=0,
        StemV=80,
        FontBBox=[-500, -300, 1500, 1100],
        Ascent=round(font["hhea"].ascent * scale),
        Descent=round(font["hhea"].descent * scale),
        CapHeight=700,
    )
    descriptor.FontFile2 = pdf.make_stream(program.getvalue(), Length1=len(program.getvalue()))
    every = len(widths)
    descriptor.CIDSet = pdf.make_stream(
        bytes(sum(0x80 >> bit for bit in range(8) if 8 * at + bit < every) for at in range(-(-every // 8)))
    )
    inside = Dictionary(Type=Name.Font, Subtype=Name.CIDFontType2, BaseFont=name, CIDToGIDMap=Name.Identity)
    inside.CIDSystemInfo = Dictionary(Registry="Adobe", Ordering="Identity", Supplement=0)
    inside.FontDescriptor, inside.W = pdf.make_indirect(descriptor), Array([0, Array(widths)])
    whole = Dictionary(Type=Name.Font, Subtype=Name.Type0, BaseFont=name, Encoding=Name("/Identity-H"))
    whole.DescendantFonts = Array([pdf.make_indirect(inside)])
    whole.ToUnicode = pdf.make_stream(_to_unicode(numbers))
    return pdf.make_indirect(whole), b"".join(numbers[letter].to_bytes(2, "big") for letter in text)


def _to_unicode(numbers: dict[str, int]) -> bytes:
    lines = "\n".join(f"<{number:04x}> <{ord(letter):04x}>" for letter, number in numbers.items())
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Adobe-Identity-UCS def\n"
        "/CMapType 2 def 1 begincodespacerange <0000> <ffff> endcodespacerange\n"
        f"{len(numbers)} beginbfchar\n{lines}\nendbfchar endcmap end end"
    ).encode()


def image_stream(pdf: Pdf, data: bytes, width: int, height: int, space: Any, **more: Any) -> Any:
    """A picture with 8 bits for each component; `data` encoded by the filter in `more`."""
    return pdf.make_stream(
        data,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=width,
        Height=height,
        ColorSpace=space,
        BitsPerComponent=8,
        **more,
    )


def picture_page(pdf: Pdf, image: Any, width: float, height: float) -> None:
    """Replace the first page by this picture, in this size in points."""
    page = page_of(pdf)
    page.MediaBox, page.Resources = Array([0, 0, width, height]), Dictionary(XObject=Dictionary(Im0=image))
    page.Contents = pdf.make_stream(f"q {width} 0 0 {height} 0 0 cm /Im0 Do Q".encode())


def palette_of_inks() -> bytes:
    """64 × 64 indices into a palette of 256."""
    return Image.linear_gradient("L").resize((64, 64)).tobytes()


def icc_stream(pdf: Pdf) -> Any:
    """A profile of sRGB."""
    return pdf.make_stream(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), N=3)


def lzw(data: bytes) -> bytes:
    """`data` for the filter LZWDecode: one code for each byte, the table cleared before codes grow."""
    codes = []
    for start in range(0, len(data), CODES_OF_9_BITS):
        codes += [CLEAR, *data[start : start + CODES_OF_9_BITS]]
    bits = "".join(f"{code:09b}" for code in [*codes, END])
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def form_fields(pdf: Pdf, kinds: list[tuple[str, dict[str, Any]]]) -> Array:
    """Fields of these types with these entries, each with a widget on the first page."""
    fields = Array()
    for number, (kind, entries) in enumerate(kinds):
        field = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name(f"/{kind}"), T=f"champ {number}", F=4)
        field.Rect, field.P = Array([100, 400 + 40 * number, 300, 430 + 40 * number]), page_of(pdf)
        for name, value in entries.items():
            field[f"/{name}"] = value
        fields.append(pdf.make_indirect(field))
    page_of(pdf).Annots = Array(list(fields))
    return fields
