"""Answers are judged by question, and written as FHIR R4 that other software takes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

from questionnaires.fhir.extensions import UNIT
from questionnaires.fhir.faults import NotUnderstood
from questionnaires.fhir.reading import read_questionnaire
from questionnaires.fhir.responses import faults_of_values, missing, read_response, write_response
from questionnaires.fhir.values import Coding, Quantity, Value
from questionnaires.words import sentence_of
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
    item("height", "quantity", extension=[{"url": UNIT, "valueCoding": {"code": "cm"}}]),
    item("dose", "quantity", extension=[{"url": BOUND, "valueQuantity": {"value": 3, "unit": "mg"}}]),
    item("at", "dateTime"),
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
        ({"weight": {"valueQuantity": {"value": 3, "unit": "\ud800"}}}, ("weight", "not_a_value")),
        ({"weight": {"valueQuantity": {"value": 3, "unit": "\0"}}}, ("weight", "not_a_value")),
        ({"weight": {"valueQuantity": {"value": 3, "unit": "g" * 10_001}}}, ("weight", "not_a_value")),
        ({"weight": {"valueQuantity": {"value": 3, "unit": ["g"]}}}, ("weight", "not_a_value")),
        ({"height": {"valueQuantity": {"value": 3, "unit": "m"}}}, ("height", "another_unit")),
        ({"dose": {"valueQuantity": {"value": 2, "unit": "mg"}}}, ("dose", "too_low")),
        ({"at": {"valueDateTime": "0001-01-01T00:00:00+14:00"}}, ("at", "not_a_value")),
        ({"at": {"valueDateTime": "9999-12-31T23:59:59-12:00"}}, ("at", "not_a_value")),
    ],
)
def test_a_wrong_answer_is_told_by_question(answers: dict[str, Any], fault: tuple[str, str]) -> None:
    with pytest.raises(NotUnderstood) as told:
        read_response(QUESTIONS, response(**answers))
    assert [(one.link_id, one.code) for one in told.value.faults] == [fault]


def test_however_much_is_unknown_there_is_one_fault_for_each_place() -> None:
    def told(resource: dict[str, Any]) -> list[tuple[str, str, str]]:
        with pytest.raises(NotUnderstood) as refused:
            read_response(QUESTIONS, resource)
        return [(one.link_id, one.code, one.detail) for one in refused.value.faults]

    many = [{"linkId": f"x{number}", "answer": [{"valueString": "y"}]} for number in range(30_000)]
    base = {"resourceType": "QuestionnaireResponse", "status": "in-progress"}
    assert told({**base, "item": many}) == [("", "not_asked", "x0, x1, x2 … (+ 29997)")]
    ((_, _, detail),) = told({**base, "item": [{"linkId": "x" * 100_000}] * 30_000})
    assert len(detail) < 400
    twice = [{"linkId": "smokes", "answer": [{"valueBoolean": True}]}] * 30_000
    assert told({**base, "item": [{"linkId": "g", "item": twice}]}) == [("smokes", "answered_twice", "")]
    wrong = {"linkId": "smokes", "answer": [{"valueString": "oui"}] * 30_000}
    assert told({**base, "item": [{"linkId": "g", "item": [wrong]}]}) == [("smokes", "not_a_value", "")]
    strange = {f"e{number:05}": 1 for number in range(30_000)}
    assert told({**base, **strange}) == [("", "unknown_element", "e00000, e00001, e00002 … (+ 29997)")]


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


def test_a_moment_that_no_other_clock_can_show_is_a_fault_however_it_was_typed() -> None:
    """A form makes it without reading FHIR; shown on another clock, it would be before the first year."""
    at = datetime(1, 1, 1, tzinfo=ZoneInfo("Europe/Paris"))
    assert [one.code for one in faults_of_values(QUESTIONS, {"at": (at,)})] == ["year"]


@pytest.mark.parametrize(("most", "words"), [(1, "1 caractère au plus"), (5, "5 caractères au plus")])
def test_the_longest_text_is_named_in_a_sentence_that_inflects(most: int, words: str) -> None:
    questions = read_questionnaire(resource(item("letter", "string", maxLength=most)))
    (fault,) = faults_of_values(questions, {"letter": ("abcdefg",)})
    assert words in sentence_of(fault)


def test_a_bound_is_named_with_its_unit() -> None:
    (fault,) = faults_of_values(QUESTIONS, {"dose": (Quantity(Decimal(2), "mg"),)})
    assert fault.detail == "3\u00a0mg"
    assert not faults_of_values(QUESTIONS, {"dose": (Quantity(Decimal(2), "g"),)})  # nothing is converted
