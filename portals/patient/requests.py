"""My requests: what practices ask for, to send or to sign; sending it, taking it back until it was seen."""

from __future__ import annotations

import uuid
from functools import partial
from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from documents.consents.waiting import consents_of
from documents.models import ReceivedDocument
from documents.receiving.access import Asked, all_received, all_requests, request_of, requests_of, sees
from documents.receiving.seeing import note_reread
from documents.receiving.sending import AT_ONCE, send_files, take_back
from files.serving import respond
from portals.answers import done, not_done, refusals_shown
from portals.clock import set_clock
from portals.pagination import list_page
from portals.sent_pages import PICKERS, SendForm, answered, send_pages
from portals.sent_pieces import pieces_answer, sending_config

SHOWN = 30  # of one list


@require_safe
def my_requests(request: HttpRequest) -> HttpResponse:
    user = cast("User", request.user)
    found, consents = requests_of(user), consents_of(user)
    to_sign = [one.consent for one in consents if one.is_to_do]
    settled = [one.consent for one in consents if not one.is_to_do]
    context = {
        "waiting": list_page(request, [one for one in found if one.is_to_do], rows=SHOWN),
        "others": list_page(
            request, [one for one in found if not one.is_to_do], rows=SHOWN, name="sent", anchor="sent"
        ),
        "to_sign": list_page(request, to_sign, rows=SHOWN, name="to_sign"),
        "settled": list_page(request, settled, rows=SHOWN, name="settled", anchor="sent"),
        "section": "requests",
    }
    return render(request, "patient/requests/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def my_request(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Shows what is asked; a POST sends the chosen files, in the order of the form's fields."""
    asked = _asked(request, pk)
    if asked.request.is_questionnaire:
        return not_done("patient:questionnaire", pk=pk)
    set_clock(asked.request.practice)
    form = SendForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and _send(request, asked, form):
        return answered(request, form, done("patient:request", pk=pk))
    context = {
        "asked": asked,
        "files": list_page(request, asked.files, rows=SHOWN, anchor="files"),
        "form": form,
        "sending": uuid.uuid4(),
        "pickers": PICKERS,
        "at_once": AT_ONCE,
        "config": sending_config(reverse("patient:request-pieces", args=[pk])),
        "section": "requests",
    }
    return answered(request, form, render(request, "patient/requests/request.html", context, status=form.status))


@require_http_methods(["POST", "PATCH"])
def request_pieces(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    asked = _asked(request, pk)
    return pieces_answer(request, around=asked.request, by=cast("User", request.user))


@require_POST
def take_back_file(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    received = _received(request, pk)
    with refusals_shown(request) as shown:
        take_back(received=received, by=cast("User", request.user))
        messages.success(request, _("« %(name)s » est repris : le cabinet ne l’a pas vu.") % {"name": received.name})
    if received.request_id is None:
        return shown.redirect("patient:unasked", pk=received.appointment_id)
    return shown.redirect("patient:request", pk=received.request_id)


@require_POST
def download_file(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    received = _received(request, pk)
    response = respond(received.file, title=received.name, request=request)
    note_reread(received=received, by=cast("User", request.user))
    return response


def _send(request: HttpRequest, asked: Asked, form: SendForm) -> bool:
    user = cast("User", request.user)
    send = partial(send_files, request=asked.request, by=user)
    sent = send_pages(request, form, around=asked.request, by=user, send=send)
    if sent:
        told = ngettext("%(count)d document est envoyé.", "%(count)d documents sont envoyés.", len(sent))
        messages.success(request, told % {"count": len(sent)})
    return bool(sent)


def _asked(request: HttpRequest, pk: uuid.UUID) -> Asked:
    """Raises Http404."""
    found = all_requests().filter(pk=pk).first()
    asked = request_of(cast("User", request.user), found) if found else None
    if asked is None:
        raise Http404
    return asked


def _received(request: HttpRequest, pk: uuid.UUID) -> ReceivedDocument:
    """Raises Http404."""
    found = all_received().filter(pk=pk).first()
    if found is None or not sees(cast("User", request.user), found):
        raise Http404
    return found
