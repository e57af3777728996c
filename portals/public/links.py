"""Automatic documents without an account: one page for one sending, a button for each document.

Opening the page does not count as reading (mail scanners open pages); the button (POST) downloads and counts as
reading.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from documents.models import DocumentLink
from documents.receiving.access import asked_by_link
from documents.sending.links import documents_of, find_link, is_open, was_there
from documents.sharing.reading import note_reading_by_link
from files.serving import respond
from portals.message_language import speak

NO_REFERRER = "no-referrer"  # the address gives access, so other sites must not receive it


@login_not_required
@require_safe
def link(request: HttpRequest, token: str) -> HttpResponse:
    return page_of(request, find_link(token), token)


# With no-referrer, browsers send `Origin: null`, which Django refuses; the unguessable address authorises the
# request.
@csrf_exempt
@login_not_required
@require_POST
def download(request: HttpRequest, token: str, number: int) -> HttpResponseBase:
    link = find_link(token)
    sending = documents_of(link).filter(rank=number).first() if link else None
    if link is None or sending is None or sending.shared is None:
        # Closed or taken back since the page was opened: show the next step at once.
        return page_of(request, link, token, gone=True, known=link is not None and was_there(link, number))
    response = respond(sending.shared.file, title=sending.shared.title, request=request)
    note_reading_by_link(document=sending.shared)
    response["Referrer-Policy"] = NO_REFERRER
    return response


def page_of(
    request: HttpRequest, found: DocumentLink | None, token: str, *, gone: bool = False, known: bool = True
) -> HttpResponse:
    """What the link opens; or that it no longer opens anything, and what to do."""
    if found is not None:
        speak(request, found.owner.language)
    sendings = list(documents_of(found)) if found else []
    asked = asked_by_link(found) if found else []
    context = {
        "practice": found.appointment.practice if found else None,
        "sendings": sendings,
        "asked": asked,
        "token": token,
    }
    closed = found is not None and not is_open(found)
    status = 404 if found is None or not known else 410 if gone or not (sendings or asked) else 200
    response = render(request, "public/link.html", context | {"gone": gone, "closed": closed}, status=status)
    response["Referrer-Policy"] = NO_REFERRER
    return response
