"""Answers are judged by question, and written as FHIR R4 that other software takes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

from questionnaires.fhir.faults import NotUnderstood
from questionnaires.fhir.reading import read_questionnaire
from questionnaires.fhir.responses import missing, read_response, write_response
from questionnaires.fhir.values import Coding, Quantity, Value
from tests.questionnaires.test_understood import BOUND, YES_NO, item, resource, when

RESOURCE = resource(
    item(
        "g",
        "group",
        required=True,
        item=[
            item("smokes", "boolean", required=True),
            item(
                "packs",
                "decimal",
                required=True,
                enableWhen=[when("smokes", answerBoolean=True)],
                extension=[{"url": BOUND, "valueDecimal": 0.5}],
            ),
        ],
    ),
    item("name", "string", maxLength=5, repeats=True),
    item("choice", "choice", answerOption=YES_NO, item=[item("why", "text", required=True)]),
    item("open", "open-choice", answerOption=YES_NO),
    item("weight", "quantity"),
)
QUESTIONS = read_questionnaire(RESOURCE)


def response(**answers: Any) -> dict[str, Any]:
    elements = [
        {"linkId": link_id, "answer": value if isinstance(value, list) else [value]}
        for link_id, value in answers.items()
    ]
    within = [one for one in elements if one["linkId"] in ("smokes", "packs")]
    group = [{"linkId": "g", "item": within}] if within else []
    rest = [one for one in elements if one not in within]
    return {"resourceType": "QuestionnaireResponse", "status": "in-progress", "item": [*group, *rest]}


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        ({"smokes": {"valueString": "oui"}}, ("smokes", "not_a_value")),
        ({"smokes": [{"valueBoolean": True}, {"valueBoolean": False}]}, ("smokes", "too_many_answers")),
        ({"packs": {"valueDecimal": 0.4}}, ("packs", "too_low")),
        ({"name": {"valueString": "Durand"}}, ("name", "too_long")),
        ({"choice": {"valueCoding": {"code": "maybe"}}}, ("choice", "not_an_option")),
        ({"choice": {"valueString": "yes"}}, ("choice", "not_an_option")),
        ({"nobody": {"valueString": "yes"}}, ("", "not_asked")),
        ({"weight": {"valueQuantity": {"value": 3, "comparator": "<"}}}, ("weight", "not_a_value")),
    ],
)
def test_a_wrong_answer_is_told_by_question(answers: dict[str, Any], fault: tuple[str, str]) -> None:
    with pytest.raises(NotUnderstood) as told:
        read_response(QUESTIONS, response(**answers))
    assert [(one.link_id, one.code) for one in told.value.faults] == [fault]


def test_only_what_is_asked_can_be_missing() -> None:
    def told(**answers: Any) -> list[str]:
        return [one.link_id for one in missing(QUESTIONS, read_response(QUESTIONS, response(**answers)))]

    assert told() == ["g", "smokes"]
    assert told(smokes={"valueBoolean": False}) == []
    assert told(smokes={"valueBoolean": True}) == ["packs"]
    assert told(smokes={"valueBoolean": False}, choice={"valueCoding": {"code": "yes"}}) == ["why"]


def test_what_is_written_is_sound_and_says_what_was_chosen() -> None:
    answers: dict[str, tuple[Value, ...]] = {
        "smokes": (False,),
        "packs": (Decimal(2),),  # no longer asked
        "name": ("Zoé", "Léa"),
        "choice": (Coding("", "yes"),),
        "why": ("Parce que.",),
        "open": ("autre",),
        "weight": (Quantity(Decimal("70.5"), "kg"),),
    }
    written = write_response(QUESTIONS, answers, canonical="urn:uuid:1|2", completed=True)
    judged = QuestionnaireResponse.model_validate(written)
    Questionnaire.model_validate(RESOURCE)
    assert (judged.status, judged.questionnaire) == ("completed", "urn:uuid:1|2")
    assert read_response(QUESTIONS, written) == {name: value for name, value in answers.items() if name != "packs"}
    assert written["item"][2]["answer"][0]["item"][0]["linkId"] == "why"  # below the answer that it belongs to
