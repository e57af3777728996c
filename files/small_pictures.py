"""Pictures of pages for slow connections: the best of several encodings below a size limit."""

from __future__ import annotations

import io
from collections.abc import Iterator

from PIL import Image, ImageChops

# Shares of the requested width. At each width the smallest encoding decides whether any fits.
WIDTHS = (1, 0.92, 0.84, 0.76, 0.7, 0.65, 0.6, 0.55, 0.5, 0.4, 0.3, 0.2, 0.1)
QUALITIES = (30, 50, 75)
LEVELS = (4, 8, 16)  # greys of printed text: its edges need few
COLOURS = (8, 16, 48)
SAME = 12  # levels between red, green and blue that are still grey: scanners and JPEG tint a little
PAPER, INK = 224, 64  # lighter is paper, darker is ink; the rest is the edge of a letter, or a photograph
MOST_BETWEEN = 0.2  # of a page of text


def webp_below(image: Image.Image, most: int) -> tuple[bytes, Image.Image]:
    """A WebP of the image of at most `most` bytes, narrower if necessary; and the image as encoded.

    Text keeps sharp edges in few greys or colours, without loss; photographs and radiographs keep their tones.
    """
    best, sized = b"", image
    for share in WIDTHS:
        sized = image if share == 1 else _narrower(image, share)
        for encoded in _encodings(sized):
            if best and len(encoded) > most:
                return best, sized
            if len(encoded) > most:
                break
            best = encoded
        if best:
            break
    return best, sized


def _encodings(image: Image.Image) -> Iterator[bytes]:
    """From the smallest to the best."""
    if not _is_text(image):
        yield from (_lossy(image, quality) for quality in QUALITIES)
    elif _is_grey(image):
        grey = image.convert("L")
        yield from (_lossless(_levels(grey, count)) for count in LEVELS)
    else:
        colours = _opaque(image)
        yield from (
            _lossless(colours.quantize(count, Image.Quantize.MAXCOVERAGE).convert("RGB")) for count in COLOURS
        )


def _is_text(image: Image.Image) -> bool:
    """Whether the page consists of paper and ink with few tones between."""
    if "A" in image.getbands():
        return False
    counts = image.convert("L").histogram()
    whole = max(sum(counts), 1)
    return sum(counts[INK:PAPER]) / whole < MOST_BETWEEN and sum(counts[PAPER:]) / whole > 0.5


def _is_grey(image: Image.Image) -> bool:
    red, green, blue = _opaque(image).split()
    pairs = ((red, green), (green, blue), (red, blue))
    return all(not any(ImageChops.difference(*pair).histogram()[SAME + 1 :]) for pair in pairs)


def _opaque(image: Image.Image) -> Image.Image:
    return image if image.mode == "RGB" else image.convert("RGB")


def _levels(grey: Image.Image, count: int) -> Image.Image:
    step = 255 / (count - 1)
    return grey.point([round(round(level / step) * step) for level in range(256)])


def _narrower(image: Image.Image, share: float) -> Image.Image:
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _lossless(image: Image.Image) -> bytes:
    return _saved(image, lossless=True, quality=50, method=3)  # quality is the effort here: more is ten times slower


def _lossy(image: Image.Image, quality: int) -> bytes:
    return _saved(image, quality=quality, method=4)


def _saved(image: Image.Image, **options: int) -> bytes:
    output = io.BytesIO()
    image.save(output, "WEBP", **options)
    return output.getvalue()
