"""A paper that is not stored, shown page by page within the page that shows it."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

from files import preview
from files.intake import Intake
from files.limits import PDF

WIDTH = 1000  # pixels


@dataclass(frozen=True)
class PaperPage:
    """`picture`: a data URI. `text`: for people who cannot see it."""

    number: int
    picture: str
    text: str


def drawn(paper: Intake) -> list[PaperPage]:
    """Every page. Raises files.preview.NoPreview."""
    texts = preview.texts_of(paper.path, pages=paper.page_count)
    return [PaperPage(number, _picture(paper, number), text.strip()) for number, text in enumerate(texts, start=1)]


def _picture(paper: Intake, number: int) -> str:
    picture = preview.drawn_page(paper.path, PDF, page=number, width=WIDTH)
    return f"data:{preview.IMAGE_TYPE};base64,{b64encode(picture).decode()}"
