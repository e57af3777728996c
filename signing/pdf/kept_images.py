"""Converts a practitioner's signature image for stamps once per image and process, in a child that has nothing else.

The child that signs has a document, which may take it over; what such a child answers would otherwise be drawn into
the next documents of the same practitioner.
"""

from __future__ import annotations

from functools import lru_cache

from files import answers, sandbox
from signing.pdf import stamp_image
from signing.pdf.stamp_image import StampImage

LONGEST = 64 << 10  # of a PNG that is converted here; drawn signatures have 5 to 20 KiB
KEPT = 64  # images, at most LONGEST and MOST bytes each, usually a fifth of it
MOST = 256 << 10  # of the converted image
MAX_PIXELS = 1 << 16  # of a side


def image_for_stamps(png: bytes) -> StampImage | bytes:
    """The image as a stamp contains it; the PNG itself if it is large: then each child converts it. Raises
    files.sandbox.SandboxError."""
    return _converted(png) if len(png) <= LONGEST else png


@lru_cache(maxsize=KEPT)
def _converted(png: bytes) -> StampImage | bytes:
    fields = answers.fields(sandbox.run(stamp_image.convert, png))
    image = StampImage(
        width=answers.count(answers.entry(fields, "width"), most=MAX_PIXELS),
        height=answers.count(answers.entry(fields, "height"), most=MAX_PIXELS),
        colours=answers.encoded(answers.entry(fields, "colours"), most=sandbox.MIB * 8),
        mask=answers.encoded(answers.entry(fields, "mask"), most=sandbox.MIB),
    )
    return image if len(image.colours) + len(image.mask) <= MOST else png
