"""From a click on a page as displayed to a rectangle in default user space (ISO 32000-1, 8.3.2.3 and 14.11.2).

Pure arithmetic over boxes that may be damaged: numbers that can't be read, boxes without area and missing boxes
fall back to what viewers show.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import SupportsFloat

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in user space units; x0 < x1, y0 < y1
A4: Box = (0.0, 0.0, 595.276, 841.89)
# For a page without a box pdfium, pdf.js and poppler all show US Letter. The stamp must be where the user clicked.
UNSTATED: Box = (0.0, 0.0, 612.0, 792.0)
STAMP_ASPECT = 0.4  # height of a stamp, as a share of its width
MIN_STAMP_WIDTH = 10.0  # units of user space: below that nothing can be drawn (pages of a few points exist)


# The most that a signature may cover of a page that was signed before, as shares of what is displayed.
USUAL_WIDTH, USUAL_HEIGHT = 1 / 2, 1 / 3


@dataclass(frozen=True)
class PageGeometry:
    """The visible box of a page, how far it is turned clockwise when shown (0, 90, 180 or 270), and how many points
    of paper its units are (/UserUnit)."""

    box: Box
    rotation: int
    unit: float = 1.0

    @property
    def displayed_size(self) -> tuple[float, float]:
        width, height = self.box[2] - self.box[0], self.box[3] - self.box[1]
        return (height, width) if self.rotation in (90, 270) else (width, height)

    def size_on_paper(self, box: Box) -> tuple[float, float]:
        """Width and height of a rectangle in user space, in points."""
        return (box[2] - box[0]) * self.unit, (box[3] - box[1]) * self.unit


def page_geometry(
    media_box: Sequence[object] | None, crop_box: Sequence[object] | None, rotation: object, user_unit: object = None
) -> PageGeometry:
    """The geometry of a page from its (inherited) entries, damaged or not."""
    media = usable_box(media_box) or UNSTATED
    crop = usable_box(crop_box) or media
    visible = (max(media[0], crop[0]), max(media[1], crop[1]), min(media[2], crop[2]), min(media[3], crop[3]))
    if visible[0] >= visible[2] or visible[1] >= visible[3]:
        visible = media
    turned = int(rotation) % 360 if isinstance(rotation, int | float) and math.isfinite(rotation) else 0
    unit = float(user_unit) if isinstance(user_unit, SupportsFloat) else 1.0
    return PageGeometry(
        visible,
        turned if turned in (90, 180, 270) else 0,
        unit if 0.001 <= unit <= 10_000 else 1.0,  # not NaN
    )


def usable_box(numbers: Sequence[object] | None) -> Box | None:
    """Four finite numbers with an area, corners put in order; None otherwise."""
    if numbers is None or len(numbers) != 4:
        return None
    values: list[float] = []
    for number in numbers:
        if not isinstance(number, SupportsFloat | str | bytes):
            return None  # a damaged file may hold anything
        try:
            values.append(float(number))
        except (TypeError, ValueError):
            return None
    if not all(math.isfinite(value) for value in values):
        return None
    x0, x1 = sorted((values[0], values[2]))
    y0, y1 = sorted((values[1], values[3]))
    return (x0, y0, x1, y1) if x1 - x0 >= 1 and y1 - y0 >= 1 else None


def largest_usual_stamp(page: PageGeometry) -> tuple[float, float]:
    """Width and height, as displayed, up to which a stamp counts as beside the text and not over it."""
    width, height = page.displayed_size
    return width * USUAL_WIDTH, height * USUAL_HEIGHT


def usual_width(page: PageGeometry, width: float) -> float:
    """`width`, a share of the page's, reduced to the largest usual width of a stamp."""
    page_width, _height = page.displayed_size
    most_width, most_height = largest_usual_stamp(page)
    return min(width, min(most_width, most_height / STAMP_ASPECT) / page_width)


def stamp_rectangle(page: PageGeometry, *, x: float, y: float, width: float) -> Box:
    """The rectangle of a stamp, in user space.

    `x`, `y`: its centre, `width`: its width, as fractions of the page as displayed, from its top left. The stamp is
    moved, and if necessary made smaller, so that it lies within the page.
    """
    page_width, page_height = page.displayed_size
    stamp_width = min(max(width * page_width, MIN_STAMP_WIDTH), page_width)
    stamp_height = stamp_width * STAMP_ASPECT
    if stamp_height > page_height:
        stamp_height, stamp_width = page_height, page_height / STAMP_ASPECT
    stamp_height = max(stamp_height, min(page_height, 1.0))
    left = min(max(x * page_width - stamp_width / 2, 0), page_width - stamp_width)
    top = min(max(y * page_height - stamp_height / 2, 0), page_height - stamp_height)
    right, bottom = left + stamp_width, top + stamp_height
    x0, y0, x1, y1 = page.box
    rectangle = {
        0: (x0 + left, y1 - bottom, x0 + right, y1 - top),
        90: (x0 + top, y0 + left, x0 + bottom, y0 + right),
        180: (x1 - right, y0 + top, x1 - left, y0 + bottom),
        270: (x1 - bottom, y1 - right, x1 - top, y1 - left),
    }[page.rotation]
    a, b, c, d = (round(value, 3) for value in rectangle)
    return (a, b, c, d)


def upright_matrix(rotation: int, width: float, height: float) -> tuple[float, float, float, float, float, float]:
    """A matrix that turns an upright drawing so that it is upright on a rotated page; `width`, `height`: the user
    space rectangle's."""
    return {
        0: (1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
        90: (0.0, 1.0, -1.0, 0.0, width, 0.0),
        180: (-1.0, 0.0, 0.0, -1.0, width, height),
        270: (0.0, -1.0, 1.0, 0.0, 0.0, height),
    }[rotation]
