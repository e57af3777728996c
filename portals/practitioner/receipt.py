"""The receipt that replaces a card after sharing, with the state of its messages."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import User
from documents.models import SharedDocument
from documents.sharing.access import visible_as_staff
from files.notices import notice_sentences
from portals.clock import set_clock
from portals.page_pictures import page_picture_of, shown_pages
from portals.practitioner.staff import staff_only
from portals.practitioner.undo_offer import offer, session_mark, share_act

RECEIPT_PAGES = 3
RECEIPT_LASTS = timedelta(hours=1)


def receipt(request: HttpRequest, document: SharedDocument, user: User) -> HttpResponse:
    """The receipt that replaces the card."""
    signed = _signed_page(request, document) if document.is_signed else None
    pages = shown_pages(document, at_most=RECEIPT_PAGES, among=signed)
    context = {
        "document": document,
        "notices": notice_sentences(document.notices),
        "pages": sorted(pages, key=lambda page: page.number != signed),  # the signed one first
        "signed_page": signed,
        "undo": offer(act) if (act := share_act(document, user, session_mark(request))) else None,
    }
    return render(request, "practitioner/_receipt.html", context, status=201)


def _signed_page(request: HttpRequest, document: SharedDocument) -> int | None:
    """The page of the signature: the one that the card named, else the last page."""
    try:
        return int(request.POST["page"])
    except (KeyError, ValueError):
        return document.page_count


@staff_only
@require_safe
def receipt_state(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The state of the messages about a document: the receipt polls while one of them waits."""
    document = get_object_or_404(visible_as_staff(user).select_related("appointment__practice"), pk=pk)
    set_clock(document.appointment.practice)
    return render(request, "practitioner/_receipt_state.html", {"document": document})


@staff_only
@require_safe
def receipt_page(request: HttpRequest, user: User, pk: uuid.UUID, page: int) -> HttpResponse:
    """A page of a document that the user has just shared. Opening it later is a reading, which is a POST."""
    just_shared = visible_as_staff(user).filter(shared_by=user, shared_at__gte=timezone.now() - RECEIPT_LASTS)
    return page_picture_of(request, get_object_or_404(just_shared.select_related("file"), pk=pk), page)
