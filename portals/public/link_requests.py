"""Sending what a rule asked, by the link of its message and without an account. What was sent is not shown here."""

from __future__ import annotations

import uuid
from functools import partial

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.addresses import counted_address
from documents.models import DocumentLink, DocumentRequest
from documents.receiving.access import asked_by_link
from documents.receiving.sending import AT_ONCE, send_files
from documents.sending.links import find_link, is_open
from portals.answers import done
from portals.calls import MINUTE, leave_unread, too_many
from portals.clock import set_clock
from portals.message_language import speak
from portals.no_referrer import no_referrer
from portals.public import links
from portals.sent_pages import PICKERS, SendForm, answered, send_pages
from portals.sent_pieces import pieces_answer, sending_config

SENDINGS_A_MINUTE = 10  # from one address
PIECES_A_MINUTE = 600
SENT = "link_sent"  # in the session: the request that was answered a moment ago


@no_referrer
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest, token: str, pk: uuid.UUID) -> HttpResponse:
    """The page of one request; a POST sends the chosen files. A closed link says so, as its own page does."""
    is_sending = request.method == "POST"
    if is_sending and too_many("LinkSendings", counted_address(request), a_minute=SENDINGS_A_MINUTE):
        return _too_often(request)
    link, asked = _asked(token, pk)
    if link is None or asked is None:
        leave_unread(request)
        return links.page_of(request, link, token)
    return _page(request, link, asked, token)


@no_referrer
@login_not_required
@require_http_methods(["POST", "PATCH"])
def pieces(request: HttpRequest, token: str, pk: uuid.UUID) -> HttpResponse:
    """Files for one request, in pieces."""
    if too_many("LinkPieces", counted_address(request), a_minute=PIECES_A_MINUTE):
        return _too_often(request)
    link, asked = _asked(token, pk)
    if link is None or asked is None:
        leave_unread(request)
        return links.page_of(request, link, token, known=link is not None and not is_open(link))
    speak(request, link.owner.language)
    return pieces_answer(request, around=asked, by=link)


def _asked(token: str, pk: uuid.UUID) -> tuple[DocumentLink | None, DocumentRequest | None]:
    link = find_link(token)
    return link, next((one for one in asked_by_link(link) if one.pk == pk), None) if link else None


def _too_often(request: HttpRequest) -> HttpResponse:
    leave_unread(request)
    refused = render(request, "errors/429.html", status=429)
    refused["Retry-After"] = str(MINUTE)
    return refused


def _page(request: HttpRequest, link: DocumentLink, asked: DocumentRequest, token: str) -> HttpResponse:
    speak(request, link.owner.language)
    set_clock(asked.practice)
    form = SendForm(request.POST if request.method == "POST" else None)
    send = partial(send_files, request=asked, by=link)
    if form.is_valid() and send_pages(request, form, around=asked, by=link, send=send):
        request.session[SENT] = str(asked.pk)
        return answered(request, form, done("link-send", token=token, pk=asked.pk))
    context = {
        "asked": asked,
        "practice": asked.practice,
        "token": token,
        "form": form,
        "sent": request.session.pop(SENT, None) == str(asked.pk),
        "sending": uuid.uuid4(),
        "pickers": PICKERS,
        "at_once": AT_ONCE,
        "config": sending_config(reverse("link-pieces", args=[token, asked.pk])),
    }
    return answered(request, form, render(request, "public/link_send.html", context, status=form.status))
