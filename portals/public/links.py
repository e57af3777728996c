"""Automatic documents without an account: one page for one sending, a button for each document.

Opening the page counts as nothing (scanners of mail open pages); the button (POST) downloads and counts as read.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from documents.files.serving import respond
from documents.links import documents_of, find_link
from documents.models import DocumentLink
from documents.reading import note_reading_by_link


@login_not_required
@require_safe
def link(request: HttpRequest, token: str) -> HttpResponse:
    found = _found(token)
    sendings = list(documents_of(found))
    context = {"practice": found.appointment.practice, "sendings": sendings, "token": token}
    response = render(request, "public/link.html", context, status=200 if sendings else 410)
    response["Referrer-Policy"] = "no-referrer"
    return response


# With no-referrer, browsers send `Origin: null`, which Django refuses; the unguessable address is what lets one in.
@csrf_exempt
@login_not_required
@require_POST
def download(request: HttpRequest, token: str, number: int) -> HttpResponseBase:
    sending = documents_of(_found(token)).filter(rank=number).first()
    if sending is None or sending.shared is None:
        raise Http404
    response = respond(sending.shared.file, filename=sending.shared.name, request=request)
    note_reading_by_link(document=sending.shared)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _found(token: str) -> DocumentLink:
    found = find_link(token)
    if found is None:
        raise Http404
    return found
