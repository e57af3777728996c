"""The layout of a stamp: pure arithmetic, in points of paper (1/72 inch), from the bottom left.

┌───────────────────────┬─────────┐   The code stands right where its modules are at least MIN_MODULE wide and
│  the signature's image│  ▄▀▄▀▄  │   the text beside it at least MIN_TEXT high; else it is left out. Next the
│  Signé par            │  ▀▄█▄▀  │   image becomes smaller; only where even that is not enough, in a stamp that
│  Alice Morel …        │  ▄▀ ▄▀  │   was made that small on purpose, does the text.
└───────────────────────┴─────────┘
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

MM = 72 / 25.4  # points
MIN_MODULE = 0.4 * MM  # of the QR code: the smallest that a telephone reads from ordinary print
MIN_TEXT = 6.0
QUIET = 4  # modules of white around the code (ISO/IEC 18004, 6.3.8)
LEADING = 1.2  # from line to line, as a share of the text's size
TEXT_SHARE = 0.13  # of the stamp's height: the largest text
IMAGE_SHARES = (0.42, 0.34, 0.26, 0.18)  # of the height, in order of preference
DESCENT = 0.25  # below the base line, as a share of the text's size
MIN_DRAWN_TEXT = 0.3  # smaller text is invisible

Measure = Callable[[str], float]  # width of a text, as a share of its size


@dataclass(frozen=True)
class Rectangle:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class PlacedLine:
    text: str
    x: float
    y: float  # of the base line


@dataclass(frozen=True)
class StampLayout:
    size: float  # of the text
    lines: tuple[PlacedLine, ...]
    image: Rectangle | None  # the space for it; the image keeps its proportions
    code: Rectangle | None  # its quiet zone included


def lay_out(
    width: float, height: float, *, paragraphs: Sequence[str], measure: Measure, has_image: bool, modules: int
) -> StampLayout:
    """`modules`: of one side of the QR code without its quiet zone; 0 for no code."""
    margin = min(0.05 * height, 1.2 * MM)
    inner = Rectangle(margin, margin, width - 2 * margin, height - 2 * margin)
    best: StampLayout | None = None
    for code, image_share in _choices(inner, has_image=has_image, modules=modules):
        area = inner if code is None else Rectangle(inner.x, inner.y, code.x - inner.x - margin, inner.height)
        text_area = Rectangle(area.x, area.y, area.width, area.height * (1 - image_share))
        size, lines = _largest(paragraphs, measure, text_area, largest=max(MIN_TEXT, TEXT_SHARE * height))
        used = len(lines) * size * LEADING
        if not image_share:
            text_area = Rectangle(area.x, area.y + (area.height - used) / 2, area.width, used)
        top = text_area.y + used
        image = Rectangle(area.x, top, area.width, area.y + area.height - top) if image_share else None
        laid = StampLayout(size, _centred(lines, measure, text_area, size), image, code)
        if size >= MIN_TEXT:
            return laid
        if code is None and (best is None or size > best.size):
            best = laid
    assert best is not None  # the last choice has no code
    return best


def _choices(inner: Rectangle, *, has_image: bool, modules: int) -> Iterator[tuple[Rectangle | None, float]]:
    """Pairs (the code's place, the image's least share of the height), in order of preference."""
    shares = IMAGE_SHARES if has_image else (0.0,)
    side = (modules + 2 * QUIET) * MIN_MODULE
    if modules and side <= inner.height:
        side = max(side, 0.8 * inner.height)
        code = Rectangle(inner.x + inner.width - side, inner.y + (inner.height - side) / 2, side, side)
        yield from ((code, share) for share in shares)
    yield from ((None, share) for share in shares)


def _largest(
    paragraphs: Sequence[str], measure: Measure, area: Rectangle, *, largest: float
) -> tuple[float, list[str]]:
    """The largest size, and the lines, with which the text fits."""
    size, broken = largest, list(map(_pieces, paragraphs))
    while True:
        lines = [line for pieces in broken for line in _wrapped(pieces, measure, area.width / size)]
        if size <= MIN_DRAWN_TEXT or len(lines) * size * LEADING <= area.height:
            return size, lines
        size = MIN_TEXT if size > MIN_TEXT > size * 0.97 else size * 0.97


def _wrapped(pieces: Sequence[str], measure: Measure, width: float) -> list[str]:
    """Broken between pieces, and within those that alone are too long."""
    lines: list[str] = []
    line = ""
    for piece in pieces:
        if line and measure((line + piece).rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        while len(piece) > 1 and measure(piece.rstrip()) > width:
            fitting = next(n for n in range(len(piece) - 1, 0, -1) if n == 1 or measure(piece[:n]) <= width)
            lines.append(piece[:fitting])
            piece = piece[fitting:]
        line += piece
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _pieces(paragraph: str) -> list[str]:
    """Parts that end with a space or a hyphen."""
    pieces = [""]
    for letter in paragraph:
        pieces[-1] += letter
        if letter in " -":
            pieces.append("")
    return [piece for piece in pieces if piece]


def _centred(lines: Sequence[str], measure: Measure, area: Rectangle, size: float) -> tuple[PlacedLine, ...]:
    return tuple(
        PlacedLine(
            line,
            area.x + (area.width - measure(line) * size) / 2,
            area.y + (len(lines) - 1 - rank) * size * LEADING + size * DESCENT,
        )
        for rank, line in enumerate(lines)
    )
