"""Sending a document that nobody asked for, from the page of an appointment, where the practice allows it."""

from __future__ import annotations

import uuid
from functools import partial
from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import User
from appointments.models import Appointment
from documents.receiving.access import PARTS, rights_of, unasked_of
from documents.receiving.sending import AT_ONCE, may_send_unasked, send_unasked
from portals.answers import done
from portals.clock import set_clock
from portals.pagination import list_page
from portals.patient.requests import SHOWN
from portals.sent_pages import PICKERS, SendForm, answered, send_pages
from portals.sent_pieces import pieces_answer, sending_config


@require_http_methods(["GET", "HEAD", "POST"])
def unasked(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What was sent, and the form while the practice takes more."""
    user = cast("User", request.user)
    appointment = _appointment(user, pk)
    set_clock(appointment.practice)
    form = SendForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        send = partial(send_unasked, appointment=appointment, by=user)
        sent = send_pages(request, form, around=appointment, by=user, send=send)
        if sent:
            told = ngettext("%(count)d document est envoyé.", "%(count)d documents sont envoyés.", len(sent))
            messages.success(request, told % {"count": len(sent)})
            return answered(request, form, done("patient:unasked", pk=pk))
    context = {
        "appointment": appointment,
        "files": list_page(request, unasked_of(user, appointment), rows=SHOWN, anchor="files"),
        "may_send": may_send_unasked(user, appointment),
        "form": form,
        "sending": uuid.uuid4(),
        "pickers": PICKERS,
        "at_once": AT_ONCE,
        "config": sending_config(reverse("patient:unasked-pieces", args=[pk])),
        "section": "appointments",
    }
    return answered(request, form, render(request, "patient/requests/unasked.html", context, status=form.status))


@require_http_methods(["POST", "PATCH"])
def unasked_pieces(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    user = cast("User", request.user)
    return pieces_answer(request, around=_appointment(user, pk), by=user)


def _appointment(user: User, pk: uuid.UUID) -> Appointment:
    """One that the account may send for, or sees something of. Raises Http404."""
    found = Appointment.objects.select_related(*PARTS).filter(pk=pk).first()
    if found is None or rights_of(user, found) is None:
        raise Http404
    if not may_send_unasked(user, found) and not unasked_of(user, found):
        raise Http404
    return found
