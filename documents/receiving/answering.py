"""The answers to a questionnaire that a practice asks for: written page by page, sent once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit.trail import record
from documents.models import DocumentRequest, ReadingMeans, RequestState
from documents.receiving import messages
from documents.receiving.access import Asked, may_answer, request_of
from documents.receiving.asking import RequestOver, locked_request
from questionnaires.answering import (
    AnswersRefused,
    answers_of,
    begin_response,
    check_version,
    complete_response,
    keep_answers,
    resource_of,
    version_of,
)
from questionnaires.fhir.conditions import Answers
from questionnaires.fhir.faults import Fault, NotUnderstood
from questionnaires.fhir.responses import read_response, write_response
from questionnaires.fhir.values import Value
from questionnaires.models import QuestionnaireResponse
from refusals import Kind, Refusal


class MayNotAnswer(Refusal):
    """The account finds the request and may not answer: suspended, or no longer a guardian."""

    code = "may_not_send"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Votre compte ne peut plus répondre pour ce rendez-vous. Si cela vous étonne, appelez le cabinet."
    )


def answers_so_far(asked: Asked) -> dict[str, tuple[Value, ...]]:
    """By linkId: what was sent, what the account's draft has, or what the questionnaire proposes."""
    if written := asked.answers or asked.draft:
        return answers_of(written)
    version = asked.request.version
    assert version is not None  # only a questionnaire has answers
    return {item.link_id: item.initial for item in version.questions.walk() if item.initial}


def version_so_far(asked: Asked) -> str:
    """Of the same; another one after each change."""
    return version_of(asked.answers or asked.draft)


def response_so_far(asked: Asked) -> dict[str, Any]:
    """The same as FHIR R4 QuestionnaireResponse."""
    if written := asked.answers or asked.draft:
        return resource_of(written)
    version = asked.request.version
    assert version is not None
    subject = {"reference": f"Patient/{asked.request.appointment.patient_id}"}
    so_far = answers_so_far(asked)
    return write_response(version.questions, so_far, canonical=version.canonical, completed=False, subject=subject)


def replace_answers(
    *, request: DocumentRequest, resource: object, by: User, versions: Collection[str] | None = None
) -> QuestionnaireResponse:
    """Keep the answers of a QuestionnaireResponse, and no others. Raises as write_answers."""
    version = request.version
    if version is None:
        raise DocumentRequest.DoesNotExist
    try:
        given = read_response(version.questions, resource)
    except NotUnderstood as refused:
        raise AnswersRefused(refused.faults) from None
    named = resource.get("questionnaire") if isinstance(resource, dict) else None
    if named not in (None, version.canonical):
        raise AnswersRefused([Fault("", "another_questionnaire", str(named)[:200])])
    asked = [item.link_id for item in version.questions.walk() if item.is_asked]
    return write_answers(
        request=request, answers={one: given.get(one, ()) for one in asked}, by=by, versions=versions
    )


@transaction.atomic
def write_answers(
    *, request: DocumentRequest, answers: Answers, by: User, versions: Collection[str] | None = None
) -> QuestionnaireResponse:
    """Keep the answers of the questions named in the account's draft; the first ones begin it.

    `versions`: only in one of these. Raises RequestOver, MayNotAnswer, AnswersChanged, AnswersRefused;
    DocumentRequest.DoesNotExist if the account does not find it.
    """
    asked = _open(request, by)
    if asked.draft is not None:
        return keep_answers(response=asked.draft.pk, answers=answers, by=by, versions=versions)
    check_version(None, versions)
    return keep_answers(response=_draft(asked, by).pk, answers=answers, by=by)


@transaction.atomic
def send_answers(*, request: DocumentRequest, by: User) -> QuestionnaireResponse:
    """Send the account's draft to the practice: final, and what was asked is fulfilled. Sending twice changes
    nothing. Raises as write_answers, with AnswersRefused for each required question without an answer."""
    current = locked_request(request)
    asked = request_of(by, current)
    if asked and current.response is not None and current.response.author_id == by.pk:
        return current.response
    asked = _check(asked)
    sent = complete_response(response=_draft(asked, by).pk, by=by)
    current.response, current.answered_as = sent, asked.rights.sent_as
    current.state, current.settled_at = RequestState.ACCEPTED, sent.completed_at
    current.save(update_fields=["response", "answered_as", "state", "settled_at"])
    record("request.fulfilled", by=by, on=current, practice=current.practice_id, within=current.appointment_id)
    messages.settle(current, by=by)
    return sent


@transaction.atomic
def note_answers_seen(*, request: DocumentRequest, by: User, means: ReadingMeans) -> QuestionnaireResponse:
    """Before the answers leave for staff. The caller has found the request for staff. Raises
    QuestionnaireResponse.DoesNotExist if there are none."""
    current = DocumentRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    if current.response is None:
        raise QuestionnaireResponse.DoesNotExist
    sent = current.response
    line = record(
        "questionnaire.opened",
        by=by,
        on=sent,
        practice=current.practice_id,
        within=current.appointment_id,
        detail={"means": means.value},
    )
    if current.seen_at is None:
        current.seen_at = line.at
        current.save(update_fields=["seen_at"])
    return sent


def _open(request: DocumentRequest, by: User) -> Asked:
    """The request, locked, while the account may answer it."""
    return _check(request_of(by, locked_request(request)))


def _check(asked: Asked | None) -> Asked:
    if asked is None or not asked.request.is_questionnaire:
        raise DocumentRequest.DoesNotExist
    if asked.request.response_id is not None:
        raise RequestOver(_("Le cabinet a déjà reçu les réponses à ce questionnaire : elles ne se changent plus."))
    if not asked.request.waits_for_patient:
        raise RequestOver(_("Le cabinet a clos cette demande : il n’attend plus rien."))
    if not may_answer(asked.rights):
        raise MayNotAnswer
    return asked


def _draft(asked: Asked, by: User) -> QuestionnaireResponse:
    if asked.draft is not None:
        return asked.draft
    assert asked.request.version is not None
    return begin_response(appointment=asked.request.appointment, version=asked.request.version, by=by)
