"""A paper that is not stored, shown page by page within the page that shows it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass

from files import preview
from files.intake import Intake
from files.limits import PDF
from signing.pdf.geometry import A4, PageGeometry, stamp_rectangle
from signing.pdf.placement import Placement
from signing.pdf.stamp_picture import NoStampPicture

WIDTH = 1000  # pixels
PAGE = PageGeometry(A4, 0)  # of what documents.library.writing.printing prints


@dataclass(frozen=True)
class StampOnPage:
    """Where the stamp goes, in points from the top left, as attributes of SVG. `picture`: a data URI, or "" for a
    frame."""

    left: str
    top: str
    width: str
    height: str
    picture: str


@dataclass(frozen=True)
class PaperPage:
    """`picture`: a data URI. `text`: for people who cannot see it."""

    number: int
    picture: str
    text: str
    stamp: StampOnPage | None = None


def drawn(
    paper: Intake, *, place: Placement | None = None, stamp: Callable[[float], bytes] | None = None
) -> list[PaperPage]:
    """Every page. `place`: where the stamp goes. `stamp`: its picture, for a width in points; else it is a frame.
    Raises files.preview.NoPreview."""
    texts = preview.texts_of(paper.path, pages=paper.page_count)
    return [
        PaperPage(
            number,
            _picture(paper, number),
            text.strip(),
            _stamp(place, stamp) if place and place.page == number else None,
        )
        for number, text in enumerate(texts, start=1)
    ]


def _stamp(place: Placement, stamp: Callable[[float], bytes] | None) -> StampOnPage:
    """At the place where signing.pdf.sign puts it, by the same arithmetic and the same drawing."""
    x0, y0, x1, y1 = stamp_rectangle(PAGE, x=place.x, y=place.y, width=place.width)
    left, top, width, height = (f"{value:.2f}" for value in (x0, A4[3] - y1, x1 - x0, y1 - y0))
    try:
        png = stamp(x1 - x0) if stamp else None
    except NoStampPicture:  # signing will say why; the frame still says where
        png = None
    return StampOnPage(left, top, width, height, f"data:image/png;base64,{b64encode(png).decode()}" if png else "")


def _picture(paper: Intake, number: int) -> str:
    picture = preview.drawn_page(paper.path, PDF, page=number, width=WIDTH)
    return f"data:{preview.image_type(picture)};base64,{b64encode(picture).decode()}"
