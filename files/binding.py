"""Writes pictures as the pages of one PDF, in the sandbox. Imports no Django."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from files.decoding import PILLOW_FORMATS, eight_bits

LONGEST_SIDE = 3508  # pixels: A4 at 300 dpi
A4_INCHES = 11.69  # its longer side
QUALITY = 85
UNDATED: dict[str, Any] = dict.fromkeys(("title", "creationDate", "modDate"))  # the same pictures make the same bytes
MULTIPLE = ("image/tiff", "image/gif")  # every frame is a page; of other pictures the main one


def bind(pictures: list[list[str]], output: str) -> dict[str, Any]:
    """`pictures`: path and media type of each. One page is in memory at a time. Answers `{"page_count"}`."""
    count = 0
    try:
        for path, media_type in pictures:
            for page in _pages(path, media_type):
                resolution = max(page.size) / A4_INCHES
                page.save(output, "PDF", append=count > 0, resolution=resolution, quality=QUALITY, **UNDATED)
                count += 1
    except MemoryError:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError, EOFError):
        return {"refused": "unreadable"}  # what Pillow's decoders raise on damaged pictures
    return {"page_count": count}


def _pages(path: str, media_type: str) -> Iterator[Image.Image]:
    with Image.open(path, formats=PILLOW_FORMATS[media_type]) as source:
        frames = getattr(source, "n_frames", 1) if media_type in MULTIPLE else 1
        for number in range(frames):
            if frames > 1:
                source.seek(number)
            else:
                source.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            yield _page(source)


def _page(source: Image.Image) -> Image.Image:
    """Upright, on white, at most LONGEST_SIDE on each side."""
    upright = ImageOps.exif_transpose(source)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    page = eight_bits(upright)
    if page.mode == "RGBA":
        paper = Image.new("RGBA", page.size, "white")
        paper.alpha_composite(page)
        page = paper.convert("RGB")
    page.info.clear()
    return page
