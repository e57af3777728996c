"""Conditions and scores are what FHIRPath says they are, over generated questionnaires and answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from hypothesis import HealthCheck, event, example, given, settings

from questionnaires.fhir.conditions import enabled_items
from questionnaires.fhir.reading import read_questionnaire
from questionnaires.fhir.responses import read_response, write_response
from questionnaires.fhir.scores import score_of
from tests.questionnaires import oracle
from tests.questionnaires.generated import answered

Json = dict[str, Any]


@settings(max_examples=150, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@example(
    (
        {
            "resourceType": "Questionnaire",
            "status": "active",
            "item": [
                {"linkId": "q0", "type": "decimal", "text": "Température ?"},
                {
                    "linkId": "q1",
                    "type": "boolean",
                    "text": "Toux ?",
                    "enableWhen": [{"question": "q0", "operator": "=", "answerDecimal": 36.6}],
                },
            ],
        },
        {
            "resourceType": "QuestionnaireResponse",
            "status": "in-progress",
            "item": [{"linkId": "q0", "answer": [{"valueDecimal": 36.6}]}],
        },
    )
)
@example(
    (
        {
            "resourceType": "Questionnaire",
            "status": "active",
            "item": [
                {"linkId": "q0", "type": "date", "text": "Opéré quand ?"},
                {
                    "linkId": "q1",
                    "type": "boolean",
                    "text": "Depuis ?",
                    "enableWhen": [{"question": "q0", "operator": ">=", "answerDate": "2026-11"}],
                },
            ],
        },
        {
            "resourceType": "QuestionnaireResponse",
            "status": "in-progress",
            "item": [{"linkId": "q0", "answer": [{"valueDate": "2026"}]}],
        },
    )
)
@given(answered())
def test_the_same_questions_and_sums_as_fhirpath(both: tuple[Json, Json]) -> None:
    questionnaire, response = both
    questions = read_questionnaire(questionnaire)
    answers = read_response(questions, response)
    enabled = enabled_items(questions, answers)
    event("all enabled" if len(enabled) == len(questions.by_link_id) else "some are not enabled")
    assert enabled == oracle.enabled(questionnaire, response)
    score, judged = score_of(questions, answers), oracle.score(questionnaire, response)
    assert (score and float(score.total)) == judged
    # What is written is sound, is read again as the same, and has nothing of what is not enabled.
    written = write_response(questions, answers, canonical="urn:uuid:1|1", completed=True)
    Questionnaire.model_validate(questionnaire)
    QuestionnaireResponse.model_validate(written)
    again = read_response(questions, written)
    assert again == {name: values for name, values in answers.items() if name in enabled}
    assert enabled_items(questions, again) == enabled


def test_a_condition_in_words_of_the_standard() -> None:
    """`!=` holds without an answer; one of several answers is enough; answers that are not enabled do not exist."""
    questions = read_questionnaire(
        {
            "resourceType": "Questionnaire",
            "status": "active",
            "item": [
                {"linkId": "age", "type": "integer", "text": "Âge ?", "repeats": True},
                {
                    "linkId": "smokes",
                    "type": "boolean",
                    "text": "Fumez-vous ?",
                    "enableWhen": [{"question": "age", "operator": ">", "answerInteger": 17}],
                },
                {
                    "linkId": "packs",
                    "type": "decimal",
                    "text": "Combien de paquets ?",
                    "enableWhen": [{"question": "smokes", "operator": "=", "answerBoolean": True}],
                },
                {
                    "linkId": "bravo",
                    "type": "display",
                    "text": "Bravo.",
                    "enableWhen": [{"question": "smokes", "operator": "!=", "answerBoolean": True}],
                },
            ],
        }
    )
    assert enabled_items(questions, {}) == {"age", "bravo"}
    assert enabled_items(questions, {"age": (3, 40), "smokes": (True,)}) == {"age", "smokes", "packs"}
    assert enabled_items(questions, {"age": (3,), "smokes": (True,), "packs": (Decimal(1),)}) == {"age", "bravo"}
