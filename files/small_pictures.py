"""Pictures of pages for slow connections: the best of several encodings below a size limit."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import partial
from itertools import takewhile
from typing import cast

from PIL import Image, ImageChops

InFew = Callable[[Image.Image, int], Image.Image]

# Shares of the requested width. At each width the smallest encoding decides whether any fits.
WIDTHS = (1, 0.92, 0.84, 0.76, 0.7, 0.65, 0.6, 0.55, 0.5, 0.4, 0.3, 0.2, 0.1)
QUALITIES = (30, 50, 75)
LEVELS = (4, 8, 16)  # greys of printed text: its edges need few
BITS = 4  # of a pixel in PNG: as many greys as the last of LEVELS
NEARLY_WHITE = 250  # what paper becomes among few colours
COMPRESSION = 6  # zlib's: 9 takes five times as long for 4 % less
HOPELESS = 1.5  # times the limit: where PNG is so large, a WebP of as many tones does not fit either
COLOURS = (8, 16, 48)
QUICK, THOROUGH = (2, 20), (3, 50)  # WebP's method, and its effort: more takes ten times as long
SAME = 12  # levels between red, green and blue that are still grey: scanners and JPEG tint a little
PAPER, INK = 224, 64  # lighter is paper, darker is ink; the rest is the edge of a letter, or a photograph
MOST_BETWEEN = 0.2  # of a page of text


def picture_below(image: Image.Image, most: int) -> tuple[bytes, Image.Image]:
    """A PNG or a WebP of the image of at most `most` bytes, narrower if necessary; and the image as encoded.

    Text keeps sharp edges in few greys or colours, without loss; photographs and radiographs keep their tones. Text
    is PNG where it fits: a WebP is a quarter smaller and takes three times as long.
    """
    sized = image
    if _is_text(image):
        is_grey = _is_grey(image)
        counts, in_few = (LEVELS, _in_greys) if is_grey else (COLOURS, _in_colours)
        png = _png(_of_sixteen_greys(image) if is_grey else _of_most_colours(image), bits=BITS if is_grey else 8)
        if len(png) <= most:  # nearly every page of text
            return png, image
        if len(png) <= HOPELESS * most:
            quick = _lossless(in_few(image, counts[-1]), effort=QUICK)
            if len(quick) <= most:
                return quick, image
        fitting: Callable[[Image.Image, int], bytes] = partial(_best_text, counts=counts, in_few=in_few)
    else:
        fitting = _best_photograph
    left = list(WIDTHS)
    while left:
        share = left.pop(0)
        sized = image if share == 1 else _narrower(image, share)
        encoded = fitting(sized, most)
        if len(encoded) <= most:
            return encoded, sized
        # Bytes shrink with the number of pixels or slower: what this leaves out does not fit.
        left = [other for other in left if other <= share * (most / len(encoded)) ** 0.5] or left[-1:]
    return b"", sized


def _best_text(image: Image.Image, most: int, *, counts: Sequence[int], in_few: InFew) -> bytes:
    """In the most of these greys or colours; in the fewest if not even they fit."""
    fewest, *more = counts
    smallest = _lossless(in_few(image, fewest))
    others = (_lossless(in_few(image, count)) for count in (reversed(more) if len(smallest) <= most else ()))
    return next((encoded for encoded in others if len(encoded) <= most), smallest)


def _best_photograph(image: Image.Image, most: int) -> bytes:
    """In the best quality; in the worst if not even that fits."""
    encodings = (_saved(image, quality=quality, method=2) for quality in QUALITIES)
    worst = next(encodings)
    return max(takewhile(lambda encoded: len(encoded) <= most, encodings), key=len, default=worst)


def _is_text(image: Image.Image) -> bool:
    """Whether the page consists of paper and ink with few tones between."""
    if "A" in image.getbands():
        return False
    half = (max(1, image.width // 2), max(1, image.height // 2))
    sample = image.convert("L").resize(half, Image.Resampling.NEAREST)
    counts = sample.histogram()
    whole = max(sum(counts), 1)
    return sum(counts[INK:PAPER]) / whole < MOST_BETWEEN and sum(counts[PAPER:]) / whole > 0.5


def _is_grey(image: Image.Image) -> bool:
    if image.mode == "L":
        return True
    red, green, blue = _opaque(image).split()
    if red.tobytes() == green.tobytes() == blue.tobytes():  # as most pages are; the way below takes twice as long
        return True
    pairs = ((red, green), (green, blue), (red, blue))
    return all(_brightest(ImageChops.difference(*pair)) <= SAME for pair in pairs)


def _brightest(image: Image.Image) -> int:
    _darkest, brightest = cast("tuple[int, int]", image.getextrema())
    return brightest


def _in_greys(image: Image.Image, count: int) -> Image.Image:
    step = 255 / (count - 1)
    return image.convert("L").point([round(round(level / step) * step) for level in range(256)])


def _png(image: Image.Image, *, bits: int) -> bytes:
    """Of an image with a palette."""
    output = io.BytesIO()
    image.save(output, "PNG", bits=bits, compress_level=COMPRESSION)
    return output.getvalue()


def _of_sixteen_greys(image: Image.Image) -> Image.Image:
    """With a palette, because Pillow writes greys with eight bits."""
    most = (1 << BITS) - 1
    ranks = image.convert("L").point([round(level * most / 255) for level in range(256)])
    picture = Image.frombytes("P", ranks.size, ranks.tobytes())
    picture.putpalette([rank * 255 // most for rank in range(most + 1) for _ in range(3)])
    return picture


def _of_most_colours(image: Image.Image) -> Image.Image:
    """By an octree: a third of the time of the way that finds the most different ones. Paper stays white."""
    picture = _opaque(image).quantize(COLOURS[-1], Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    picture.putpalette([255 if level > NEARLY_WHITE else level for level in picture.getpalette() or []])
    return picture


def _in_colours(image: Image.Image, count: int) -> Image.Image:
    return _opaque(image).quantize(count, Image.Quantize.MAXCOVERAGE).convert("RGB")


def _opaque(image: Image.Image) -> Image.Image:
    return image if image.mode == "RGB" else image.convert("RGB")


def _narrower(image: Image.Image, share: float) -> Image.Image:
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _lossless(image: Image.Image, *, effort: tuple[int, int] = THOROUGH) -> bytes:
    method, quality = effort
    return _saved(image, lossless=True, quality=quality, method=method)


def _saved(image: Image.Image, **options: int) -> bytes:
    output = io.BytesIO()
    image.save(output, "WEBP", **options)
    return output.getvalue()
