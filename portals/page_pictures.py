"""Pages of a shared document as pictures, with their text. Callers found the document through documents.access."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpResponse

from documents.files import preview
from documents.models import SharedDocument

WIDTH = 1200  # pixels


@dataclass(frozen=True)
class ShownPage:
    """A page from 1, and its text for those who don't see it."""

    number: int
    text: str


def shown_pages(document: SharedDocument, *, at_most: int) -> list[ShownPage]:
    count = min(document.page_count or 1, at_most)
    texts = preview.page_texts(document.file, pages=count)
    return [ShownPage(number, text.strip()) for number, text in enumerate(texts, start=1)]


def page_picture_of(document: SharedDocument, page: int) -> HttpResponse:
    """The picture, which no cache may keep. Raises Http404 where there is no such page, or it can't be drawn."""
    try:
        picture = preview.page_image(document.file, page=page, width=WIDTH)
    except preview.NoPreview:
        raise Http404 from None
    response = HttpResponse(picture, content_type=preview.IMAGE_TYPE)
    response["Cache-Control"] = "no-store, private"
    return response
