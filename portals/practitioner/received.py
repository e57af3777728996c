"""Reçus: what patients sent. Its pages are shown as pictures, after a POST that is a line of the trail; its own bytes
are only ever a download."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from appointments.models import Appointment
from documents.models import DocumentRequest, ReadingMeans, ReceivedDocument, ReceivedState
from documents.receiving.access import received_by_staff, requests_of_staff
from documents.receiving.seeing import MAX_SENTENCE, accept, note_seen, refuse
from files.notices import notice_sentences
from files.serving import respond
from portals.answers import done, refusals_shown
from portals.clock import set_clock
from portals.form_errors import refusals_in
from portals.page_pictures import page_picture_of, picture_mark, shown_pages
from portals.pagination import list_page
from portals.practitioner.practices import practice_of
from portals.practitioner.staff import frame, staff_only
from practices.roles import may_share

OPENED = "received_opened_by_staff"  # in the session: ids of files
OPENED_AT_MOST = 50
SHOWN_PAGES = 20
SETTLED_SHOWN = timedelta(days=30)


class RefuseForm(forms.Form):
    detail = forms.CharField(
        label=gettext_lazy("Ce qui ne va pas"),
        help_text=gettext_lazy("Le patient lit cette phrase sur sa page, et peut envoyer autre chose."),
        max_length=MAX_SENTENCE,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 2}),
        error_messages={"required": gettext_lazy("Dites au patient en une phrase ce qui ne va pas.")},
    )


@staff_only
@require_safe
def received(request: HttpRequest, user: User) -> HttpResponse:
    """What waits, the oldest first; then what was accepted, refused or read these thirty days."""
    practice = practice_of(request, user)
    found = received_by_staff(user).filter(practice=practice)
    answers = DocumentRequest.objects.filter(
        pk__in=requests_of_staff(user).filter(practice=practice, response__isnull=False).values("pk")
    ).select_related("appointment__patient", "response__author")
    answers = answers.defer("response__answers")
    settled = found.exclude(state=ReceivedState.WAITING).filter(settled_at__gte=timezone.now() - SETTLED_SHOWN)
    seen = answers.filter(seen_at__gte=timezone.now() - SETTLED_SHOWN)
    context = frame(
        request,
        user,
        "received",
        waiting=list_page(request, found.filter(state=ReceivedState.WAITING)),
        settled=list_page(request, settled.order_by("-settled_at", "-id"), name="settled", anchor="settled"),
        unseen=list_page(
            request, answers.unseen_answers().order_by("settled_at", "id"), name="answers", anchor="answers"
        ),
        seen=list_page(request, seen.order_by("-seen_at", "-id"), name="read", anchor="read"),
    )
    return render(request, "practitioner/received.html", context)


@staff_only
@require_safe
def received_page(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    return _page(request, user, _received(user, pk), RefuseForm())


@staff_only
@require_POST
def open_received(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = _received(user, pk)
    note_seen(received=found, by=user, means=ReadingMeans.VIEWED)
    kept = [one for one in request.session.get(OPENED, []) if one != str(found.file_id)]
    request.session[OPENED] = [*kept, str(found.file_id)][-OPENED_AT_MOST:]
    return done("practitioner:received-document", pk=pk)


@staff_only
@require_safe
def received_picture(request: HttpRequest, user: User, pk: uuid.UUID, page: int) -> HttpResponse:
    """One page as a picture; only of a file opened in this session."""
    found = _received(user, pk)
    if not _is_open(request, found):
        raise Http404
    return page_picture_of(request, found, page)


@staff_only
@require_POST
def download_received(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponseBase:
    found = _received(user, pk)
    response = respond(found.file, title=found.title, request=request)
    note_seen(received=found, by=user, means=ReadingMeans.DOWNLOADED)
    return response


@staff_only
@require_POST
def accept_received(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = _received(user, pk)
    with refusals_shown(request) as shown:
        accept(received=found, by=user)
        messages.success(request, _("« %(title)s » est accepté.") % {"title": found.title})
    return shown.redirect("practitioner:received-document", pk=pk)


@staff_only
@require_POST
def refuse_received(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = _received(user, pk)
    form = RefuseForm(request.POST)
    if form.is_valid():
        with refusals_in(form):
            refuse(received=found, sentence=form.cleaned_data["detail"], by=user)
            told = _("« %(title)s » est refusé. Le patient lit pourquoi, et peut envoyer autre chose.")
            messages.success(request, told % {"title": found.title})
            return done("practitioner:received-document", pk=pk)
    return _page(request, user, found, form)


def requests_around(appointment: Appointment) -> QuerySet[DocumentRequest]:
    """For the panel: the newest first."""
    found = DocumentRequest.objects.with_begun().filter(appointment=appointment).select_related("asked_by", "version")
    found = found.defer("version__resource")
    return found.order_by("-asked_at", "-id")


def received_around(appointment: Appointment, user: User) -> QuerySet[ReceivedDocument]:
    """For the panel: the newest first."""
    return received_by_staff(user).filter(appointment=appointment).order_by("-received_at", "-id")


def _page(request: HttpRequest, user: User, found: ReceivedDocument, form: RefuseForm) -> HttpResponse:
    opened = _is_open(request, found)
    shown: dict[str, Any] = {}
    if opened:
        shown = {"pages": shown_pages(found, at_most=SHOWN_PAGES), "mark": picture_mark(request, found)}
    context = frame(
        request,
        user,
        "received",
        practice=found.practice,
        received=found,
        notices=notice_sentences(found.notices),
        appointment=found.appointment,
        may_share=may_share(user, found.practice),
        opened=opened,
        shown=SHOWN_PAGES,
        form=form,
        **shown,
    )
    return render(request, "practitioner/received_document.html", context, status=400 if form.errors else 200)


def _received(user: User, pk: uuid.UUID) -> ReceivedDocument:
    """Activates the time zone of its practice. Raises Http404."""
    found = get_object_or_404(received_by_staff(user), pk=pk)
    set_clock(found.practice)
    return found


def _is_open(request: HttpRequest, received: ReceivedDocument) -> bool:
    return str(received.file_id) in request.session.get(OPENED, [])
