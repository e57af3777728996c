"""Pages of a shared document as pictures, with their text. documents.sharing.access found it."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.crypto import constant_time_compare, salted_hmac

from documents.models import SharedDocument
from files import preview

TEXTS_AT_MOST = 100  # pages read for the text of the last one
WIDTH = 1200  # pixels
KEPT = 600  # seconds that a browser shows a picture again without asking: an access that ended ends here, too


@dataclass(frozen=True)
class ShownPage:
    """A page from 1, and its text for those who don't see it."""

    number: int
    text: str


def shown_pages(document: SharedDocument, *, at_most: int, among: int | None = None) -> list[ShownPage]:
    """The first pages, and `among` them one that lies behind, in the place of the last."""
    last = document.page_count or 1
    numbers = list(range(1, min(last, at_most) + 1))
    if among and at_most < among <= last:
        numbers[-1] = among
    texts = preview.page_texts(document.file, pages=min(numbers[-1], TEXTS_AT_MOST))
    return [ShownPage(one, texts[one - 1].strip() if one <= len(texts) else "") for one in numbers]


def picture_mark(request: HttpRequest, document: SharedDocument) -> str:
    """Part of the address of a picture (`?s=`): of this session and this file alone, so that what a browser keeps
    is found by nobody who signs in after."""
    session = request.session.session_key or ""
    return salted_hmac("portals.page-picture", f"{session} {document.file_id}").hexdigest()[:20]


def page_picture_of(request: HttpRequest, document: SharedDocument, page: int) -> HttpResponse:
    """The picture. Under the address of its session the browser keeps it for KEPT seconds, then asks whether it still
    may; signing out empties that cache. Raises Http404 where there is no such page, it can't be drawn, or the address
    is another session's."""
    mark = request.GET.get("s", "")
    if mark and not constant_time_compare(mark, picture_mark(request, document)):
        raise Http404
    tag = f'"{document.file.sha256[:32]}-{page}"'
    response: HttpResponse
    if mark and request.headers.get("If-None-Match") == tag:
        response = HttpResponseNotModified()
    else:
        picture = preview.page_image(document.file, page=page, width=WIDTH)
        response = HttpResponse(picture, content_type=preview.IMAGE_TYPE)
    response["Cache-Control"] = f"private, max-age={KEPT}" if mark else "no-store, private"
    if mark:
        response["ETag"] = tag
        patch_vary_headers(response, ["Cookie"])
    return response
