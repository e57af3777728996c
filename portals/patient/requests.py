"""My requests: what practices ask for, sending it, taking it back until it was seen."""

from __future__ import annotations

import uuid
from contextlib import ExitStack
from typing import cast

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from documents.models import ReceivedDocument
from documents.receiving.access import Asked, all_received, all_requests, request_of, requests_of, sees
from documents.receiving.seeing import note_reread
from documents.receiving.sending import AT_ONCE, send_files, take_back
from files.intake import accept
from files.serving import respond
from portals.answers import done, refusals_shown
from portals.clock import set_clock
from portals.form_errors import refusals_in

PICKERS = range(2, 7)  # one page each, for browsers without JavaScript


class SendForm(forms.Form):
    """Its files are read in the order in which the browser sends them."""

    file = forms.Field(required=False, label=gettext_lazy("Fichiers ou photos"))


@require_safe
def my_requests(request: HttpRequest) -> HttpResponse:
    found = requests_of(cast("User", request.user))
    context = {
        "waiting": [one for one in found if one.request.waits_for_patient and one.rights.sends],
        "others": [one for one in found if not (one.request.waits_for_patient and one.rights.sends)],
        "section": "requests",
    }
    return render(request, "patient/requests/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def my_request(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Shows what is asked; a POST sends the chosen files, in the order of the form's fields."""
    asked = _asked(request, pk)
    set_clock(asked.request.practice)
    form = SendForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and _send(request, asked, form):
        return done("patient:request", pk=pk)
    context = {
        "asked": asked,
        "form": form,
        "sending": uuid.uuid4(),
        "pickers": PICKERS,
        "at_once": AT_ONCE,
        "section": "requests",
    }
    return render(request, "patient/requests/request.html", context, status=400 if form.errors else 200)


@require_POST
def take_back_file(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    received = _received(request, pk)
    with refusals_shown(request) as shown:
        take_back(received=received, by=cast("User", request.user))
        messages.success(request, _("« %(name)s » est repris : le cabinet ne l’a pas vu.") % {"name": received.name})
    return shown.redirect("patient:request", pk=received.request_id)


@require_POST
def download_file(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    received = _received(request, pk)
    response = respond(received.file, title=received.name, request=request)
    note_reread(received=received, by=cast("User", request.user))
    return response


def _send(request: HttpRequest, asked: Asked, form: SendForm) -> bool:
    """Send all chosen files, or none. What is refused stands in the form."""
    user = cast("User", request.user)
    with ExitStack() as kept:
        accepted = []
        for upload in request.FILES.getlist("file")[: AT_ONCE + 1]:
            with refusals_in(form):
                accepted.append(kept.enter_context(accept(upload)))
        if form.errors:
            return False
        with refusals_in(form):
            sent = send_files(request=asked.request, intakes=accepted, by=user, sending=_sending(request))
            told = ngettext("%(count)d document est envoyé.", "%(count)d documents sont envoyés.", len(sent))
            messages.success(request, told % {"count": len(sent)})
            return True
    return False


def _sending(request: HttpRequest) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.POST.get("sending", ""))
    except ValueError:
        return None  # no page of ours sends it


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
