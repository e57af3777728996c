"""The image of a signature as a stamp contains it: colours over white paper, and a mask of one bit.

A mask of one bit removes the paper, because a soft mask would count as transparency (signing.pdf.stamp). Imports no
Django.
"""

from __future__ import annotations

import base64
import io
import zlib
from dataclasses import dataclass
from typing import Any

from PIL import Image
from pyhanko.pdf_utils import generic

from signing.pdf.objects import Entries, compressed_stream

OPAQUE = 96  # of 255: where the image covers the page


@dataclass(frozen=True, repr=False)  # long
class StampImage:
    """`colours`: RGB, eight bits each; `mask`: one bit for each pixel, 1 where the paper shows; both compressed with
    Flate (RFC 1950), rows from above."""

    width: int
    height: int
    colours: bytes
    mask: bytes

    def colours_stream(self, entries: Entries) -> generic.StreamObject:
        return self._stream(self.colours, {"/BitsPerComponent": 8, **entries})

    def mask_stream(self) -> generic.StreamObject:
        return self._stream(self.mask, {"/BitsPerComponent": 1, "/ImageMask": generic.BooleanObject(True)})

    def _stream(self, content: bytes, entries: Entries) -> generic.StreamObject:
        image: Entries = {
            "/Type": "/XObject",
            "/Subtype": "/Image",
            "/Width": self.width,
            "/Height": self.height,
        }
        return compressed_stream(content, {**image, **entries})


def converted(png: bytes) -> StampImage:
    """Called in the sandbox. Raises what Pillow raises on a damaged image."""
    picture = Image.open(io.BytesIO(png), formats=["PNG"]).convert("RGBA")
    ink = picture.getchannel("A")
    on_white = Image.new("RGB", picture.size, "white")
    on_white.paste(picture, mask=ink)
    background = ink.point([255 * (level < OPAQUE) for level in range(256)]).convert("1")
    return StampImage(
        width=picture.width,
        height=picture.height,
        colours=zlib.compress(on_white.tobytes()),
        mask=zlib.compress(background.tobytes()),
    )


def convert(png: bytes) -> dict[str, Any]:
    """A job of the sandbox. Answers the fields of a StampImage, bytes in base64."""
    image = converted(png)
    return {
        "width": image.width,
        "height": image.height,
        "colours": base64.b64encode(image.colours).decode("ascii"),
        "mask": base64.b64encode(image.mask).decode("ascii"),
    }
