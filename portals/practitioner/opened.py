"""A shared document as staff read it: its pages as pictures, after a POST that is a line of the trail.

Reading is a POST (docs/decisions/0005). The pages are then shown in this session. Staff who read a document do not
mark it read: that is what its recipient does.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from documents.models import ReadingMeans, SharedDocument
from documents.sharing.access import visible_as_staff
from documents.sharing.reading import note_reading
from portals.answers import done
from portals.clock import set_clock
from portals.page_pictures import page_picture_of, picture_mark, shown_pages
from portals.practitioner import document_lines
from portals.practitioner.staff import frame, staff_only
from practices.roles import may_share

OPENED = "opened_by_staff"  # in the session: ids of files, so that one that was replaced since is not open
OPENED_AT_MOST = 50
SHOWN_PAGES = 20
IN_PLACE = 3  # pages below a document's row; a link leads to all


@staff_only
@require_POST
def open_document(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Leads to the document's page; for htmx, answers with the first pages, which the row then shows."""
    document = _document(user, pk)
    note_reading(documents=[document], by=user, means=ReadingMeans.VIEWED)
    kept = [one for one in request.session.get(OPENED, []) if one != str(document.file_id)]
    request.session[OPENED] = [*kept, str(document.file_id)][-OPENED_AT_MOST:]
    if request.headers.get("HX-Request") == "true":
        return render(request, "practitioner/_opened_pages.html", _pages(request, document, at_most=IN_PLACE))
    return done("practitioner:document", pk=pk)


@staff_only
@require_safe
def document(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = _document(user, pk)
    opened = _is_open(request, found)
    context = frame(
        request,
        user,
        "agenda",
        practice=found.practice,
        document_lines=document_lines.drawn(
            request, [found], may_share=may_share(user, found.practice), on_its_page=True
        ),
        opened=opened,
        **(_pages(request, found, at_most=SHOWN_PAGES) if opened else {"document": found}),
    )
    return render(request, "practitioner/document.html", context)


@staff_only
@require_safe
def document_picture(request: HttpRequest, user: User, pk: uuid.UUID, page: int) -> HttpResponse:
    """One page as a picture; only of a document opened in this session."""
    found = _document(user, pk)
    if not _is_open(request, found):
        raise Http404
    return page_picture_of(request, found, page)


def _document(user: User, pk: uuid.UUID) -> SharedDocument:
    """Activates the time zone of its practice. Raises Http404."""
    related = visible_as_staff(user).select_related(
        "practice",
        "category",
        "patient",
        "file",
        "holder",
        "authorisation",
        "shared_by",
        "signed_by",
        "consent",
        "auto_send",
    )
    found = get_object_or_404(related.select_related("appointment__practice"), pk=pk)
    set_clock(found.practice)
    return found


def _is_open(request: HttpRequest, document: SharedDocument) -> bool:
    return str(document.file_id) in request.session.get(OPENED, [])


def _pages(request: HttpRequest, document: SharedDocument, *, at_most: int) -> dict[str, Any]:
    return {
        "document": document,
        "pages": shown_pages(document, at_most=at_most),
        "mark": picture_mark(request, document),
        "shown": at_most,
    }
