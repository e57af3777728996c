"""Sets text as PDF operators: HarfBuzz shapes it in the first font that has its letters; fonts are embedded as
subsets.

Fonts are embedded as all parts of PDF/A require (ISO 19005-1, 6.3; ISO 19005-2, 6.2.11): the glyphs used and no
others, a CIDSet, widths, a way back to Unicode, and never the box of a missing glyph. Imports no Django.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from typing import NamedTuple

import uharfbuzz as hb
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_string
from pyhanko.pdf_utils.writer import BasePdfFileWriter

from files.compact_fonts import compact_font_of, with_glyph_numbers_as_cids
from signing.pdf.objects import Entries, array, dictionary, number, numbers, stream

EM = 1000  # units of text space that PDF counts widths in
MISSING = "\ufffd"  # shown for a letter that no font has
UNSPOKEN = "\u200b"  # the text of a glyph that shares its letter with the glyph before
LAYOUT_TABLES = ("GDEF", "GPOS", "GSUB", "STAT")
STRONG = ("L", "R", "AL")  # bidirectional classes that decide (Unicode Standard Annex 9)
NUMBER = re.compile(r"\d(?:[\d.,:/+-]*\d)?")
JOINERS = "\u200c\u200d"  # invisible; they decide the forms of the letters around them
ONE_GLYPH_A_LETTER = ("Latn", "Grek", "Cyrl")  # letters with accents stay whole, so that a copied text has them
SYMBOLIC = 4  # flag of a font descriptor


class Glyph(NamedTuple):
    """One glyph of width `advance`, shifted by `x`, `y` from the pen; all in thousandths of the text's size."""

    face: int
    number: int
    advance: float
    x: float
    y: float
    text: str


class _Part(NamedTuple):
    """Letters that HarfBuzz shapes at once."""

    face: int
    text: str
    leftwards: bool


@dataclass(frozen=True)
class ShapedLine:
    """Glyphs from left to right. `width`: thousandths of the text's size."""

    glyphs: tuple[Glyph, ...]

    @property
    def width(self) -> float:
        return sum(glyph.advance for glyph in self.glyphs)


@dataclass(frozen=True)
class _Run:
    """Letters of one script, set in one font, that run one way."""

    face: int
    leftwards: bool
    script: str  # empty before the first letter that has one
    text: str


@lru_cache(maxsize=64)
def _face(path: str) -> hb.Face:
    return hb.Face(hb.Blob.from_file_path(path))


class Typesetter:
    """Shapes lines, and collects the glyphs to embed. `fonts`: paths; the first font that has a letter wins."""

    def __init__(self, fonts: Sequence[str]) -> None:
        self._faces = [_face(path) for path in fonts]
        self._fonts = [hb.Font(face) for face in self._faces]
        self._used: list[dict[int, str]] = [{} for _ in fonts]
        self._numbers: list[dict[int, int]] = [{} for _ in fonts]
        self._widths: dict[str, float] = {}

    def shape(self, text: str) -> ShapedLine:
        """Shape one line of a left-to-right paragraph; right-to-left names keep their direction within it."""
        return ShapedLine(tuple(glyph for part in self._parts(text) for glyph in self._glyphs(part)))

    def width(self, text: str) -> float:
        """That of the shaped line, without its glyphs: who looks for a size asks for many."""
        if text not in self._widths:
            self._widths[text] = sum(self._advance(part) for part in self._parts(text))
        return self._widths[text]

    def _parts(self, text: str) -> Iterator[_Part]:
        """In the order in which they stand on the line."""
        runs = self._runs(unicodedata.normalize("NFC", text))
        for leftwards, group in groupby(runs, key=lambda run: run.leftwards):
            parts = [
                _Part(run.face, part, leftwards and not NUMBER.fullmatch(part))
                for run in group
                for part in (_numbers_apart(run.text) if leftwards else [run.text])
            ]
            yield from reversed(parts) if leftwards else parts

    def keep(self, line: ShapedLine) -> None:
        """Mark this line's glyphs for embedding."""
        for glyph in line.glyphs:
            self._used[glyph.face].setdefault(glyph.number, glyph.text)

    def embed(self, writer: BasePdfFileWriter) -> dict[str, generic.IndirectObject]:
        """Embed the fonts of the lines passed to `keep`; returns them by resource name. Call it before `operators`,
        because a subset renumbers its glyphs."""
        return {
            f"/F{face}": _Subset(self._faces[face], used, self._numbers[face]).embed(writer)
            for face, used in enumerate(self._used)
            if used
        }

    def operators(self, line: ShapedLine, *, x: float, y: float, size: float) -> bytes:
        parts = [b"BT"]
        pen = 0.0
        for face, glyphs in groupby(line.glyphs, key=lambda glyph: glyph.face):
            parts.append(b"/F%d %g Tf" % (face, size))
            for glyph in glyphs:
                left, low = x + (pen + glyph.x) * size / EM, y + glyph.y * size / EM
                parts.append(b"1 0 0 1 %.3f %.3f Tm <%04x> Tj" % (left, low, self._numbers[face][glyph.number]))
                pen += glyph.advance
        return b" ".join([*parts, b"ET"])

    def _runs(self, text: str) -> Iterator[_Run]:
        """Marks, joiners and spaces go with the letter before them, spaces between letters of opposite directions
        from left to right. A font of several scripts is shaped one script at a time: each has rules of its own."""
        if text and all(_is_plain(self._faces[0], letter) for letter in text):
            yield _Run(0, False, "", text)
            return
        letters = [letter if letter in JOINERS or self._has(letter) is not None else MISSING for letter in text]
        runs: list[_Run] = []
        for rank, letter in enumerate(letters):
            kind = unicodedata.bidirectional(letter)
            before = runs[-1] if runs else None
            if kind in STRONG or before is None:
                direction = kind in ("R", "AL")
            else:
                kinds = map(unicodedata.bidirectional, letters[rank:])
                following = next((kind for kind in kinds if kind in STRONG), "L")
                direction = before.leftwards and (kind in ("NSM", "BN") or following != "L")
            if before and letter in JOINERS:
                face = before.face
            else:
                face = self._has(letter, before.face if before and kind not in STRONG else None) or 0
            script = _script(letter) or (before.script if before else "")
            same_script = before is not None and (script == before.script or not before.script)
            if before and same_script and (before.face, before.leftwards) == (face, direction):
                runs[-1] = _Run(face, direction, script, before.text + letter)
            else:
                runs.append(_Run(face, direction, script, letter))
        yield from runs

    def _has(self, letter: str, preferred: int | None = None) -> int | None:
        """The font that has this letter."""
        if preferred is not None and self._fonts[preferred].get_nominal_glyph(ord(letter)):
            return preferred
        return next((n for n, font in enumerate(self._fonts) if font.get_nominal_glyph(ord(letter))), None)

    def _shaped_buffer(self, part: _Part) -> hb.Buffer:
        buffer = hb.Buffer()
        buffer.add_str(part.text)
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if part.leftwards else "ltr"
        hb.shape(self._fonts[part.face], buffer, {"ccmp": buffer.script not in ONE_GLYPH_A_LETTER})
        return buffer

    def _advance(self, part: _Part) -> float:
        positions = self._shaped_buffer(part).glyph_positions
        width: int = sum(position.x_advance for position in positions)
        return width * EM / float(self._faces[part.face].upem)

    def _glyphs(self, part: _Part) -> list[Glyph]:
        face, text, _ = part
        buffer, scale = self._shaped_buffer(part), EM / self._faces[face].upem
        starts = [*sorted({info.cluster for info in buffer.glyph_infos}), len(text)]
        end_of = dict(pairwise(starts))
        spoken: set[int] = set()
        glyphs = []
        for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            letters = UNSPOKEN if info.cluster in spoken else text[info.cluster : end_of[info.cluster]]
            spoken.add(info.cluster)
            moved = (position.x_advance * scale, position.x_offset * scale, position.y_offset * scale)
            glyphs.append(Glyph(face, info.codepoint, *moved, letters))
        return glyphs


@lru_cache(maxsize=4096)
def _is_plain(face: hb.Face, letter: str) -> bool:
    """Whether it continues any run of Latin letters in this font, the first one."""
    if letter in JOINERS or unicodedata.bidirectional(letter) in ("R", "AL"):
        return False
    return _script(letter) in ("", "Latn") and bool(hb.Font(face).get_nominal_glyph(ord(letter)))


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    """Its script (ISO 15924); empty for what all scripts share, marks and spaces among them."""
    buffer = hb.Buffer()
    buffer.add_str(letter)
    buffer.guess_segment_properties()
    return buffer.script or ""


def _numbers_apart(text: str) -> list[str]:
    """Within letters that run leftwards, numbers are read from left to right (Unicode Standard Annex 9, W2 to W7)."""
    return [part for part in re.split(f"({NUMBER.pattern})", text) if part]


class _Subset:
    """A font reduced to some of its glyphs, as a composite font (ISO 32000-1, 9.7) with two-byte glyph numbers."""

    def __init__(self, face: hb.Face, used: dict[int, str], numbers: dict[int, int]) -> None:
        """`used`: the letters of each glyph; `numbers` learns the glyphs' numbers in the subset."""
        wanted = hb.SubsetInput()
        wanted.glyph_set.update(used)
        for tag in LAYOUT_TABLES:
            wanted.drop_table_tag_set.add(int.from_bytes(tag.encode(), "big"))
        flags = hb.SubsetFlags
        wanted.flags = flags.NO_LAYOUT_CLOSURE | flags.NO_HINTING | flags.NOTDEF_OUTLINE
        plan = hb.SubsetPlan(face, wanted)
        numbers.update({int(old): int(new) for old, new in plan.old_to_new_glyph_mapping.items()})
        self._face = plan.execute()
        self._program = self._face.blob.data
        self._compact = self._program[:4] == b"OTTO"  # outlines of PostScript
        self._letters = {numbers[old]: text for old, text in used.items()}
        self._scale = EM / self._face.upem

    def embed(self, writer: BasePdfFileWriter) -> generic.IndirectObject:
        font = hb.Font(self._face)
        name = f"/{_tag(self._program)}+DocshareStamp"
        widths = [font.get_glyph_h_advance(glyph) * self._scale for glyph in range(self._face.glyph_count)]
        identity: Entries = {"/Registry": pdf_string("Adobe"), "/Ordering": pdf_string("Identity"), "/Supplement": 0}
        descendant: Entries = {
            "/Type": "/Font",
            "/Subtype": "/CIDFontType0" if self._compact else "/CIDFontType2",
            "/BaseFont": name,
            "/CIDSystemInfo": dictionary(identity),
            "/W": array([number(0), numbers(widths)]),
            "/FontDescriptor": writer.add_object(self._descriptor(writer, name, font)),
            **({} if self._compact else {"/CIDToGIDMap": "/Identity"}),
        }
        composite: Entries = {
            "/Type": "/Font",
            "/Subtype": "/Type0",
            "/BaseFont": name,
            "/Encoding": "/Identity-H",
            "/DescendantFonts": array([writer.add_object(dictionary(descendant))]),
            "/ToUnicode": writer.add_object(stream(self._to_unicode())),
        }
        return writer.add_object(dictionary(composite))

    def _descriptor(self, writer: BasePdfFileWriter, name: str, font: hb.Font) -> generic.DictionaryObject:
        extents = font.get_font_extents("ltr")
        ascender, descender = extents.ascender * self._scale, extents.descender * self._scale
        present = bytearray((self._face.glyph_count + 7) // 8)
        for glyph in range(self._face.glyph_count):
            present[glyph // 8] |= 0x80 >> glyph % 8
        entries: Entries = {
            "/Type": "/FontDescriptor",
            "/FontName": name,
            "/Flags": SYMBOLIC,
            "/FontBBox": numbers((0, descender, EM, ascender)),
            "/ItalicAngle": 0,
            "/Ascent": number(ascender),
            "/Descent": number(descender),
            "/CapHeight": number(ascender),
            "/StemV": 80,
            **self._font_file(writer),
            "/CIDSet": writer.add_object(stream(bytes(present))),
        }
        return dictionary(entries)

    def _font_file(self, writer: BasePdfFileWriter) -> Entries:
        if self._compact:  # the bare CFF table, because PDF/A-1 has no OpenType (ISO 32000-1, Table 126)
            font = with_glyph_numbers_as_cids(compact_font_of(self._program))
            return {"/FontFile3": writer.add_object(stream(font, {"/Subtype": "/CIDFontType0C"}))}
        return {"/FontFile2": writer.add_object(stream(self._program, {"/Length1": len(self._program)}))}

    def _to_unicode(self) -> bytes:
        lines = [
            f"<{glyph:04x}> <{text.encode('utf-16-be').hex()}>"
            for glyph, text in sorted(self._letters.items())
            if text
        ]
        blocks = [lines[start : start + 100] for start in range(0, len(lines), 100)]  # 100 is the maximum in a CMap
        mapped = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
        return TO_UNICODE.replace("MAPPED", mapped).encode()


TO_UNICODE = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <ffff>
endcodespacerange
MAPPED
endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""


def _tag(program: bytes) -> str:
    """The prefix of a subset's name: six capitals, different for each subset."""
    seed = zlib.crc32(program)
    return "".join(chr(65 + seed // 26**place % 26) for place in range(6))
