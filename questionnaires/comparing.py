"""The same questionnaire answered several times: what changed since the last time, and the scores by date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from patients.models import Patient
from questionnaires.answering import answers_of
from questionnaires.fhir.conditions import effective
from questionnaires.fhir.items import Item
from questionnaires.fhir.scores import Score, score_of
from questionnaires.fhir.values import Value
from questionnaires.models import Questionnaire, QuestionnaireResponse, ResponseState


@dataclass(frozen=True)
class Change:
    """`item`: as the newer version asks it, `former`: as the older one did."""

    item: Item
    former: Item
    before: tuple[Value, ...]
    now: tuple[Value, ...]


def completed_of(patient: Patient | UUID) -> QuerySet[QuestionnaireResponse]:
    """All answers that were sent around the patient's appointments, the newest first."""
    found = QuestionnaireResponse.objects.filter(appointment__patient=patient, state=ResponseState.COMPLETED)
    return found.select_related("version__questionnaire", "appointment", "author").order_by("-completed_at", "-id")


def completed_to(questionnaire: Questionnaire) -> int:
    """How many answers were sent, to any version."""
    sent = QuestionnaireResponse.objects.filter(version__questionnaire=questionnaire, state=ResponseState.COMPLETED)
    return sent.count()


def previous_of(response: QuestionnaireResponse) -> QuestionnaireResponse | None:
    """The patient's last answers to the same questionnaire before these, whatever its version was."""
    same = completed_of(response.appointment.patient).filter(
        version__questionnaire=response.version.questionnaire_id, completed_at__lt=response.completed_at
    )
    return same.first()


def changes_since(previous: QuestionnaireResponse, response: QuestionnaireResponse) -> Iterator[Change]:
    """Questions of both versions whose answers differ, in the order of the newer one."""
    then, now = previous.version.questions, response.version.questions
    was, given = effective(then, answers_of(previous)), effective(now, answers_of(response))
    for item in now.walk():
        former = then.by_link_id.get(item.link_id)
        if not item.is_asked or former is None or not former.is_asked:
            continue
        before, after = was.get(item.link_id, ()), given.get(item.link_id, ())
        if set(before) != set(after):
            yield Change(item, former, before, after)


def score_of_response(response: QuestionnaireResponse) -> Score | None:
    return score_of(response.version.questions, answers_of(response))


@dataclass(frozen=True)
class Compared:
    """One questionnaire's answers, the oldest first, each with its score."""

    title: str
    scores: list[tuple[QuestionnaireResponse, Score | None]]

    @property
    def has_scores(self) -> bool:
        return any(score is not None for _response, score in self.scores)


def compared_over_time(patient: Patient) -> list[Compared]:
    """For each questionnaire that was answered, the one answered last first."""
    by_questionnaire: dict[object, list[QuestionnaireResponse]] = {}
    for one in completed_of(patient):
        by_questionnaire.setdefault(one.version.questionnaire_id, []).append(one)
    return [
        Compared(found[0].version.questions.title, [(one, score_of_response(one)) for one in reversed(found)])
        for found in by_questionnaire.values()
    ]
