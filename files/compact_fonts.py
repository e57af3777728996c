"""Compact Font Format (Adobe Technical Note 5176), as PDF embeds it: the font program of OpenType without TrueType
outlines. Imports no Django."""

from __future__ import annotations

from collections.abc import Iterator

CHARSET, CHAR_STRINGS, ROS = b"\x0f", b"\x11", b"\x0c\x1e"  # operators of the Top DICT (Table 9)
PREDEFINED = 2  # the last charset that is a number, not an offset
Operands = list[int | None]


def compact_font_of(program: bytes) -> bytes:
    """The CFF table of an OpenType font. Raises ValueError if it has none."""
    for start in range(12, 12 + 16 * _number(program, 4, 2), 16):  # the table directory (ISO/IEC 14496-22, 4.5)
        if program[start : start + 4] == b"CFF ":
            offset, length = _number(program, start + 8, 4), _number(program, start + 12, 4)
            return program[offset : offset + length]
    raise ValueError("no CFF table")


def with_glyph_numbers_as_cids(font: bytes) -> bytes:
    """The font with CID n for glyph n, so that text may be written in glyph numbers.

    A PDF names glyphs of a CID-keyed font by CID, which the font's charset translates (ISO 32000-2, 9.7.4.2). Some
    readers take glyph numbers without asking the charset, others (pdf.js) do ask it and then draw nothing. Raises
    ValueError for a charset that cannot be replaced in place.
    """
    top = dict(_entries(font))
    if ROS not in top:
        return font  # not CID-keyed: its glyphs are addressed by number already
    charset, char_strings = _operand(top, CHARSET), _operand(top, CHAR_STRINGS)
    glyphs = _number(font, char_strings, 2)
    if charset <= PREDEFINED or glyphs < 2:
        raise ValueError("no charset of its own")
    # Never longer than the charset it replaces: format 0 has two bytes a glyph; one range is the minimum of format 1
    # or 2.
    kind = font[charset]
    if kind == 0:
        identity = b"\0" + b"".join(glyph.to_bytes(2, "big") for glyph in range(1, glyphs))
    elif kind == 1 and glyphs - 2 < 256:
        identity = b"\1\0\1" + (glyphs - 2).to_bytes(1, "big")
    else:  # many ranges of format 1, or any of format 2
        identity = b"\2\0\1" + (glyphs - 2).to_bytes(2, "big")
    return font[:charset] + identity + font[charset + len(identity) :]


def _entries(font: bytes) -> Iterator[tuple[bytes, Operands]]:
    """Operators of the Top DICT with their operands (section 4); None for a real number."""
    names, _ = _index(font, font[2])
    _, (start, end) = _index(font, names)
    operands: Operands = []
    while start < end:
        first = font[start]
        if first <= 21:
            size = 2 if first == 12 else 1
            yield font[start : start + size], operands
            operands = []
        elif first == 28:
            size = 3
            operands.append(int.from_bytes(font[start + 1 : start + 3], "big", signed=True))
        elif first == 29:
            size = 5
            operands.append(int.from_bytes(font[start + 1 : start + 5], "big", signed=True))
        elif first == 30:
            size = 2
            while font[start + size - 1] & 0x0F != 0x0F and font[start + size - 1] >> 4 != 0x0F:
                size += 1
            operands.append(None)
        elif first <= 246:
            size = 1
            operands.append(first - 139)
        else:
            size = 2
            more = font[start + 1]
            operands.append((first - 247) * 256 + more + 108 if first <= 250 else -(first - 251) * 256 - more - 108)
        start += size


def _index(font: bytes, start: int) -> tuple[int, tuple[int, int]]:
    """The end of an INDEX (section 5), and the start and end of its first object."""
    count = _number(font, start, 2)
    if not count:
        return start + 2, (start, start)
    size = font[start + 2]
    data = start + 2 + size * (count + 1)
    offsets = [_number(font, start + 3 + size * rank, size) for rank in (0, 1, count)]
    return data + offsets[2], (data + offsets[0], data + offsets[1])


def _operand(top: dict[bytes, Operands], operator: bytes) -> int:
    operands = top.get(operator) or [None]
    if operands[-1] is None:
        raise ValueError(f"no operator {operator.hex()}")
    return operands[-1]


def _number(font: bytes, start: int, size: int) -> int:
    return int.from_bytes(font[start : start + size], "big")
