"""A questionnaire that a practice asks for: a page for each section, kept as one goes; a last page to read it again
and send it. Its address has the id of the request."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from documents.receiving.access import Asked, all_requests, request_of
from documents.receiving.answering import answers_so_far, send_answers, write_answers
from portals.answer_words import answered
from portals.answers import done, not_done, refusals_shown
from portals.clock import set_clock
from portals.questions import QuestionsForm, shown_names
from questionnaires.answering import answers_of
from questionnaires.fhir.conditions import Answers
from questionnaires.fhir.items import Questions
from questionnaires.fhir.pages import Page, asked_pages, pages_of
from questionnaires.fhir.responses import missing
from questionnaires.lapsing import DRAFT_DAYS
from questionnaires.words import SENTENCES

ALL_SHOWN = "all"  # static/js/questions.js shows each question as soon as it is asked


@require_safe
def questionnaire(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The way in: what it is, and the first page that lacks an answer. Once sent, what was sent."""
    asked = _asked(request, pk)
    questions, answers = _questions(asked), answers_so_far(asked)
    if asked.answers:
        return render(request, "patient/questionnaire/sent.html", _context(asked, parts=_parts(questions, answers)))
    context = _context(
        asked,
        questions=questions,
        page=_first_unfinished(questions, answers),
        count=len(asked_pages(questions, answers)),
        days=DRAFT_DAYS,
    )
    return render(request, "patient/questionnaire/start.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: uuid.UUID, number: int) -> HttpResponse:
    asked = _asked(request, pk)
    if not asked.can_answer:
        return not_done("patient:questionnaire", pk=pk)
    questions, answers = _questions(asked), answers_so_far(asked)
    shown = next((one for one in pages_of(questions) if one.number == number), None)
    if shown is None:
        raise Http404
    data = request.POST if request.method == "POST" else None
    form = QuestionsForm(data, questions=questions, items=shown.items, answers=answers)
    is_more = False
    if data is not None:
        given = form.given()
        with refusals_shown(request) as told:
            kept = write_answers(request=asked.request, answers=given, by=cast("User", request.user))
            answers = answers_of(kept)
        if told.refusal:
            return told.redirect("patient:questionnaire", pk=pk)
        if "later" in data:
            messages.success(
                request, _("Vos réponses sont gardées. Vous pouvez reprendre plus tard, ici ou ailleurs.")
            )
            return done("patient:questionnaire", pk=pk)
        is_more = _asks_more(form, answers, request)
        if not is_more:
            for fault in missing(questions, answers, shown.items):
                form.tell(fault.link_id, str(SENTENCES[fault.code]))
        if not form.errors and not is_more:
            return done(_after(asked, questions, answers, number))
    places = [one.number for one in asked_pages(questions, answers)]
    context = _context(
        asked,
        questions=questions,
        page=shown,
        form=form,
        lines=form.lines(answers),
        is_more=is_more,
        place=places.index(number) + 1 if number in places else None,
        count=len(places),
        before=_before(asked, places, number),
    )
    context["shown"] = " ".join(shown_names(context["lines"]))
    return render(request, "patient/questionnaire/page.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """All answers, to read again; what is missing, by question; the button that sends."""
    asked = _asked(request, pk)
    if not asked.can_answer:
        return not_done("patient:questionnaire", pk=pk)
    questions, answers = _questions(asked), answers_so_far(asked)
    faults = [
        (questions.by_link_id[one.link_id], _page_with(questions, one.link_id)) for one in missing(questions, answers)
    ]
    if request.method == "POST" and not faults:
        with refusals_shown(request) as told:
            send_answers(request=asked.request, by=cast("User", request.user))
            messages.success(request, _("Vos réponses sont envoyées au cabinet."))
        return told.redirect("patient:questionnaire", pk=pk)
    context = _context(asked, questions=questions, parts=_parts(questions, answers), missing=faults)
    return render(
        request, "patient/questionnaire/check.html", context, status=400 if request.method == "POST" else 200
    )


def _asked(request: HttpRequest, pk: uuid.UUID) -> Asked:
    """Raises Http404 for what the account does not find, and for a request of files."""
    found = all_requests().filter(pk=pk, version__isnull=False).first()
    asked = request_of(cast("User", request.user), found) if found else None
    if asked is None:
        raise Http404
    set_clock(asked.practice)
    return asked


def _questions(asked: Asked) -> Questions:
    version = asked.request.version
    assert version is not None  # as found
    return version.questions


def _context(asked: Asked, **more: Any) -> dict[str, Any]:
    questions = more.get("questions") or _questions(asked)
    return {
        "one": asked,
        "asked": asked.request,
        "response": asked.answers,
        "appointment": asked.request.appointment,
        "title": questions.title,
        "for_whom": asked.request.appointment.patient.full_name,
        "section": "requests",
        **more,
    }


def _parts(questions: Questions, answers: Answers) -> list[tuple[Page, Any]]:
    return [(one, list(answered(questions, answers, one.items))) for one in asked_pages(questions, answers)]


def _first_unfinished(questions: Questions, answers: Answers) -> Page | None:
    """The first page with a required question to answer, or without any answer."""
    for one in asked_pages(questions, answers):
        asked = [item for top in one.items for item in top.walk()]
        if missing(questions, answers, one.items) or not any(item.link_id in answers for item in asked):
            return one
    return None


def _asks_more(form: QuestionsForm, answers: Answers, request: HttpRequest) -> bool:
    """Whether the answers ask for questions that the page did not show, without a script."""
    shown = request.POST.get("shown", ALL_SHOWN)
    return shown != ALL_SHOWN and not set(shown_names(form.lines(answers))) <= set(shown.split())


def _after(asked: Asked, questions: Questions, answers: Answers, number: int) -> str:
    following = [one.number for one in asked_pages(questions, answers) if one.number > number]
    if following:
        return reverse("patient:questionnaire-page", kwargs={"pk": asked.pk, "number": following[0]})
    return reverse("patient:questionnaire-check", kwargs={"pk": asked.pk})


def _before(asked: Asked, places: list[int], number: int) -> str:
    earlier = [one for one in places if one < number]
    if earlier:
        return reverse("patient:questionnaire-page", kwargs={"pk": asked.pk, "number": earlier[-1]})
    return reverse("patient:questionnaire", kwargs={"pk": asked.pk})


def _page_with(questions: Questions, link_id: str) -> Page:
    return next(one for one in pages_of(questions) if one.holds(link_id))
