"""Pages of a document as pictures, with their text. Callers obtain it from documents.sharing.access, or
documents.receiving.access."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.crypto import constant_time_compare, salted_hmac

from files import preview
from files.models import StoredFile

TEXTS_AT_MOST = 100  # pages whose text is extracted, at most, to reach the text of the last shown page
WIDTH = 1200  # pixels
KEPT = 600  # seconds that a browser shows a picture without asking; access that has ended can last as long


class Paged(Protocol):
    """A document, shared or received."""

    @property
    def file(self) -> StoredFile: ...
    @property
    def page_count(self) -> int | None: ...


@dataclass(frozen=True)
class ShownPage:
    """A page (counted from 1), and its text for people who cannot see it."""

    number: int
    text: str


def shown_pages(document: Paged, *, at_most: int, among: int | None = None) -> list[ShownPage]:
    """The first pages. If `among` lies beyond them, it replaces the last one."""
    last = document.page_count or 1
    numbers = list(range(1, min(last, at_most) + 1))
    if among and at_most < among <= last:
        numbers[-1] = among
    texts = preview.page_texts(document.file, pages=min(numbers[-1], TEXTS_AT_MOST))
    return [ShownPage(one, texts[one - 1].strip() if one <= len(texts) else "") for one in numbers]


def picture_mark(request: HttpRequest, document: Paged) -> str:
    """Part of a picture's address (`?s=`), specific to the session and the file: whoever signs in next in the same
    browser cannot find its cached pictures."""
    session = request.session.session_key or ""
    return salted_hmac("portals.page-picture", f"{session} {document.file.pk}").hexdigest()[:20]


def page_picture_of(request: HttpRequest, document: Paged, page: int) -> HttpResponse:
    """The picture.

    With the mark of this session in its address, the browser caches it for KEPT seconds, then revalidates; signing
    out clears that cache. Raises Http404 if there is no such page, if it cannot be drawn, or if the mark is another
    session's.
    """
    mark = request.GET.get("s", "")
    if mark and not constant_time_compare(mark, picture_mark(request, document)):
        raise Http404
    tag = f'"{document.file.sha256[:32]}-{page}"'
    response: HttpResponse
    if mark and request.headers.get("If-None-Match") == tag:
        response = HttpResponseNotModified()
    else:
        picture = preview.page_image(document.file, page=page, width=WIDTH)
        response = HttpResponse(picture, content_type=preview.image_type(picture))
    response["Cache-Control"] = f"private, max-age={KEPT}" if mark else "no-store, private"
    if mark:
        response["ETag"] = tag
        patch_vary_headers(response, ["Cookie"])
    return response
