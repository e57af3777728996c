"""Answers to a questionnaire as staff read them: in words, with the score, and what changed since the last time."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from documents.models import DocumentRequest
from documents.receiving.answers_paper import AnsweredLine, AnsweredSection, AnswerSummary, ChangedLine
from notifications.wording import moment
from portals.answer_words import answered, in_words
from portals.clock import local_on_page
from portals.questions import decimal_words
from questionnaires.answering import answers_of
from questionnaires.comparing import changes_since, previous_of, score_of_response
from questionnaires.fhir.pages import asked_pages
from questionnaires.models import QuestionnaireResponse


def summary_of(request: DocumentRequest) -> AnswerSummary:
    """In the current language, on the clock of the page. Raises QuestionnaireResponse.DoesNotExist."""
    sent = request.response
    if sent is None or sent.completed_at is None:
        raise QuestionnaireResponse.DoesNotExist
    questions, answers = sent.version.questions, answers_of(sent)
    score, previous = score_of_response(sent), previous_of(sent)
    return AnswerSummary(
        title=questions.title,
        facts=_facts(request, sent),
        sections=[
            AnsweredSection(
                page.title or questions.title,
                [AnsweredLine(one.item.text, one.answers) for one in answered(questions, answers, page.items)],
            )
            for page in asked_pages(questions, answers)
        ],
        score=decimal_words(score.total) if score else "",
        score_words=score.words if score else "",
        score_is_complete=score.complete if score else True,
        since=_day(previous) if previous else "",
        changes=_changes(previous, sent) if previous else [],
    )


def _facts(request: DocumentRequest, sent: QuestionnaireResponse) -> list[tuple[str, str]]:
    patient, appointment = request.appointment.patient, request.appointment
    by = str(sent.author)
    if request.answered_as != "patient":
        by = f"{by}, {request.get_answered_as_display()}"
    return [
        (
            _("Patient"),
            _("%(name)s, né(e) le %(day)s") % {"name": patient.full_name, "day": _date(patient.birth_date)},
        ),
        (_("Rendez-vous"), moment(appointment.starts_at)),
        (_("Rempli par"), by),
        (_("Envoyé le"), moment(sent.completed_at or sent.created_at)),
        (_("Version du questionnaire"), str(sent.version.number)),
    ]


def _changes(previous: QuestionnaireResponse, sent: QuestionnaireResponse) -> list[ChangedLine]:
    return [
        ChangedLine(
            one.item.text,
            tuple(in_words(one.former, value) for value in one.before),
            tuple(in_words(one.item, value) for value in one.now),
        )
        for one in changes_since(previous, sent)
    ]


def _day(sent: QuestionnaireResponse) -> str:
    assert sent.completed_at is not None
    return _date(local_on_page(sent.completed_at))


def _date(day: date | datetime) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")
