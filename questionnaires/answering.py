"""Filling in a questionnaire: begun, kept page by page, completed once."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.models import Appointment, AppointmentStatus
from audit.trail import record
from questionnaires.access import answered_by
from questionnaires.fhir.conditions import Answers, effective
from questionnaires.fhir.faults import Fault
from questionnaires.fhir.responses import faults_of_values, missing, read_response, write_response
from questionnaires.fhir.values import Value
from questionnaires.models import QuestionnaireResponse, QuestionnaireVersion, ResponseState
from questionnaires.words import sentence_of
from refusals import Kind, Reason, Refusal


class ResponseNotFound(Refusal):
    code = "not_found"
    kind = Kind.NOT_FOUND
    words = gettext_lazy("Ce questionnaire n’existe pas.")


class ResponseClosed(Refusal):
    code = "response_closed"
    kind = Kind.CONFLICT
    words = gettext_lazy("Ce questionnaire ne se remplit plus : il est déjà envoyé, ou le rendez-vous est annulé.")


class AnswersChanged(Refusal):
    """The draft is no longer the version that the change was made for."""

    code = "answers_changed"
    kind = Kind.OUTDATED
    words = gettext_lazy("Ces réponses ont changé entre-temps. Lisez-les de nouveau, puis refaites votre changement.")


class AnswersRefused(Refusal):
    """One reason for each question; its field is the linkId."""

    code = "answers_refused"
    kind = Kind.INVALID
    words = gettext_lazy("Des réponses manquent ou ne conviennent pas.")

    def __init__(self, faults: Iterable[Fault]) -> None:
        super().__init__()
        self.faults = tuple(faults)

    def errors(self) -> list[Reason]:
        return [Reason(self.code, sentence_of(fault), fault.link_id or None) for fault in self.faults]


@transaction.atomic
def begin_response(*, appointment: Appointment, version: QuestionnaireVersion, by: User) -> QuestionnaireResponse:
    """A response without answers but those proposed by the questionnaire, for this account to fill in. Raises
    ResponseClosed for a cancelled appointment."""
    if appointment.status == AppointmentStatus.CANCELLED:
        raise ResponseClosed
    response = QuestionnaireResponse(
        practice_id=appointment.practice_id, appointment=appointment, version=version, author=by
    )
    proposed = {item.link_id: item.initial for item in version.questions.walk() if item.initial}
    response.answers = _written(response, proposed)
    response.save()
    record("questionnaire.begun", by=by, on=response, practice=appointment.practice_id, within=appointment)
    return response


@transaction.atomic
def keep_answers(
    *, response: uuid.UUID, answers: Answers, by: User, versions: Collection[str] | None = None
) -> QuestionnaireResponse:
    """Replace the answers of the questions named; an empty tuple removes one. The others stay, also of questions that
    are not asked at the moment: they come back with them.

    `versions`: only in one of these (see version_of). Raises ResponseNotFound, ResponseClosed, AnswersChanged,
    AnswersRefused.
    """
    locked = _open(response, by)
    check_version(locked, versions)
    questions = locked.version.questions
    if faults := faults_of_values(questions, answers):
        raise AnswersRefused(faults)
    kept = {name: values for name, values in (answers_of(locked) | dict(answers)).items() if values}
    locked.answers, locked.changed_at = _written(locked, kept), timezone.now()
    locked.save(update_fields=["answers", "changed_at"])
    return locked


@transaction.atomic
def complete_response(*, response: uuid.UUID, by: User) -> QuestionnaireResponse:
    """Send the answers to the practice; nothing changes in them afterwards. Raises ResponseNotFound, ResponseClosed,
    AnswersRefused for each required question without an answer."""
    locked = _open(response, by)
    answers = answers_of(locked)
    if faults := missing(locked.version.questions, answers):
        raise AnswersRefused(faults)
    locked.state, locked.completed_at = ResponseState.COMPLETED, timezone.now()
    locked.changed_at = locked.completed_at
    locked.answers = _written(locked, effective(locked.version.questions, answers))
    locked.save(update_fields=["answers", "state", "completed_at", "changed_at"])
    appointment = locked.appointment
    record("questionnaire.answered", by=by, on=locked, practice=appointment.practice_id, within=appointment)
    return locked


def version_of(response: QuestionnaireResponse | None) -> str:
    """As FHIR's meta.versionId: another one after each change; None: nothing was written yet."""
    return "0" if response is None else f"{response.changed_at:%Y%m%d%H%M%S%f}"


def check_version(response: QuestionnaireResponse | None, versions: Collection[str] | None) -> None:
    """Raises AnswersChanged unless it is one of these versions; None: any."""
    if versions is not None and version_of(response) not in versions:
        raise AnswersChanged


def answers_of(response: QuestionnaireResponse) -> dict[str, tuple[Value, ...]]:
    """By linkId."""
    return read_response(response.version.questions, json.loads(response.answers))


def resource_of(response: QuestionnaireResponse) -> dict[str, Any]:
    """FHIR R4 QuestionnaireResponse, of the record that the appointment is in today. Its source is
    the author's name, without an id of the account."""
    stored: dict[str, Any] = json.loads(response.answers)
    subject = {"reference": f"Patient/{response.appointment.patient_id}"}
    return stored | {"id": str(response.pk), "subject": subject, "source": {"display": str(response.author)}}


def _open(pk: uuid.UUID, by: User) -> QuestionnaireResponse:
    """The response, locked, while it can be filled in."""
    found = answered_by(by).select_for_update(of=("self",)).select_related("version__questionnaire", "appointment")
    if (response := found.filter(pk=pk).first()) is None:
        raise ResponseNotFound
    if response.state == ResponseState.COMPLETED or response.appointment.status == AppointmentStatus.CANCELLED:
        raise ResponseClosed
    return response


def _written(response: QuestionnaireResponse, answers: Mapping[str, tuple[Value, ...]]) -> str:
    more: dict[str, Any] = {
        "id": str(response.pk),
        "subject": {"reference": f"Patient/{response.appointment.patient_id}"},
        "authored": timezone.now().isoformat(),
    }
    completed = response.state == ResponseState.COMPLETED
    canonical = response.version.canonical
    questions = response.version.questions
    return json.dumps(write_response(questions, answers, canonical=canonical, completed=completed, **more))
