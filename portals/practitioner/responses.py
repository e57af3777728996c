"""The answers to a questionnaire, as staff read them. Each opening and each download is a POST and a line of the
trail."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from documents.models import DocumentRequest, ReadingMeans
from documents.receiving.access import requests_of_staff
from documents.receiving.answering import note_answers_seen
from portals.answer_files import answers_as_json, answers_as_pdf
from portals.answer_summary import summary_of
from portals.answers import done
from portals.clock import set_clock
from portals.practitioner.staff import frame, staff_only
from practices.roles import may_share

OPENED = "answers_opened_by_staff"  # in the session: ids of requests
OPENED_AT_MOST = 200


@staff_only
@require_safe
def answers(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """What it is; what was answered, once it is opened in this session."""
    found = _found(user, pk)
    opened = is_opened(request, found)
    appointment = found.appointment
    context = frame(
        request,
        user,
        "received",
        practice=found.practice,
        asked=found,
        appointment=appointment,
        summary=summary_of(found) if opened else None,
        may_ask_again=may_share(user, found.practice) and appointment.status == "booked",
    )
    return render(request, "practitioner/answers.html", context)


@staff_only
@require_POST
def open_answers(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = _found(user, pk)
    note_opened(request, user, [found])
    return done("practitioner:request-answers", pk=pk)


@staff_only
@require_POST
def pdf(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = _found(user, pk)
    response = answers_as_pdf(found)
    note_answers_seen(request=found, by=user, means=ReadingMeans.DOWNLOADED)
    return response


@staff_only
@require_POST
def fhir(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = _found(user, pk)
    response = answers_as_json(found)
    note_answers_seen(request=found, by=user, means=ReadingMeans.DOWNLOADED)
    return response


def note_opened(request: HttpRequest, user: User, answered: Iterable[DocumentRequest]) -> None:
    """Write a line for each, and show them in this session from now on."""
    opened = {}
    for one in answered:
        note_answers_seen(request=one, by=user, means=ReadingMeans.VIEWED)
        opened[str(one.pk)] = True
    others = [one for one in request.session.get(OPENED, []) if one not in opened]
    request.session[OPENED] = [*others, *opened][-OPENED_AT_MOST:]


def is_opened(request: HttpRequest, answered: DocumentRequest) -> bool:
    return str(answered.pk) in request.session.get(OPENED, [])


def _found(user: User, pk: uuid.UUID) -> DocumentRequest:
    """Activates the time zone of its practice. Raises Http404, also before the answers are sent."""
    found = get_object_or_404(requests_of_staff(user), pk=pk)
    if found.response is None:
        raise Http404
    set_clock(found.practice)
    return found
