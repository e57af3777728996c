"""What is not understood in a FHIR R4 Questionnaire is refused by name, with the linkId of the question."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from questionnaires import fhir
from questionnaires.fhir.faults import NotUnderstood
from questionnaires.fhir.reading import read_questionnaire
from questionnaires.words import ADVICE, advice_on

Json = dict[str, Any]
FHIR = Path(fhir.__file__).parent
BOUND = "http://hl7.org/fhir/StructureDefinition/minValue"
CONTROL = "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl"
ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
RANGE = "urn:docshare:questionnaire:score-range"
YES_NO = [{"valueCoding": {"code": "yes"}}, {"valueCoding": {"code": "no"}}]
HELP: Json = {
    "linkId": "h",
    "type": "display",
    "text": "En kilogrammes.",
    "extension": [{"url": CONTROL, "valueCodeableConcept": {"coding": [{"code": "help"}]}}],
}


def resource(*items: Json, **more: Any) -> Json:
    return {"resourceType": "Questionnaire", "status": "active", "item": list(items), **more}


def item(link_id: str, kind: str, **more: Any) -> Json:
    return {"linkId": link_id, "type": kind, "text": "Une question ?", **more}


def score_range(**bounds: float) -> Json:
    parts = [{"url": name, "valueDecimal": value} for name, value in bounds.items()]
    return {"url": RANGE, "extension": [*parts, {"url": "text", "valueString": "Parlons-en."}]}


def when(question: str, operator: str = "=", **answer: Any) -> Json:
    return {"question": question, "operator": operator, **answer}


REFUSED = {
    "not_a_questionnaire": (({"resourceType": "Patient"}, ""),),
    "unknown_element": (
        (resource(contained=[]), ""),
        (resource(implicitRules="urn:x"), ""),
        (resource(item("a", "string", readOnly=True)), "a"),
        (resource(item("a", "choice", answerValueSet="urn:x", answerOption=YES_NO)), "a"),
        (resource(item("a", "string", modifierExtension=[])), "a"),
        (resource(item("a", "choice", answerOption=[{"valueReference": {}}])), "a"),
    ),
    "status": ((resource(status="?"), ""),),
    "subject_type": ((resource(subjectType=["Device"]), ""),),
    "unknown_type": ((resource(item("a", "reference")), "a"), (resource(item("a", "attachment")), "a")),
    "no_link_id": ((resource(item("", "string")), ""),),
    "link_id_twice": ((resource(item("a", "string"), item("a", "string")), "a"),),
    "empty_group": ((resource(item("a", "group")), "a"),),
    "display_with_items": ((resource(item("a", "display", item=[item("b", "string")])), "a"),),
    "display_is_asked": ((resource(item("a", "display", required=True)), "a"),),
    "repeated_group": ((resource(item("a", "group", repeats=True, item=[item("b", "string")])), "a"),),
    "no_text": ((resource(item("a", "string", text=" ")), "a"),),
    "no_options": ((resource(item("a", "choice")), "a"),),
    "options_of_another_type": ((resource(item("a", "string", answerOption=YES_NO)), "a"),),
    "option_twice": ((resource(item("a", "choice", answerOption=[*YES_NO, *YES_NO])), "a"),),
    "max_length": (
        (resource(item("a", "string", maxLength=0)), "a"),
        (resource(item("a", "boolean", maxLength=3)), "a"),
    ),
    "bound_of_another_type": (
        (resource(item("a", "integer", extension=[{"url": BOUND, "valueDate": "2026-01-01"}])), "a"),
    ),
    "unknown_extension": ((resource(item("a", "string", extension=[{"url": "urn:sdc"}])), "a"),),
    "unknown_control": (
        (resource(item("a", "string", extension=[{"url": CONTROL, "valueCodeableConcept": {"coding": []}}])), "a"),
    ),
    "initial": (
        (resource(item("a", "integer", initial=[{"valueString": "1"}])), "a"),
        (resource(item("a", "integer", initial=[{"valueInteger": 1}, {"valueInteger": 2}])), "a"),
    ),
    "unknown_operator": (
        (resource(item("a", "boolean"), item("b", "string", enableWhen=[when("a", "~", answerBoolean=True)])), "b"),
    ),
    "no_enable_behavior": (
        (
            resource(item("a", "boolean"), item("b", "string", enableWhen=[when("a", answerBoolean=True)] * 2)),
            "b",
        ),
    ),
    "condition_on_nothing": ((resource(item("b", "string", enableWhen=[when("z", answerBoolean=True)])), "b"),),
    "condition_of_another_type": (
        (resource(item("a", "boolean"), item("b", "string", enableWhen=[when("a", answerInteger=1)])), "b"),
        (resource(item("a", "string"), item("b", "string", enableWhen=[when("a", ">", answerString="x")])), "b"),
    ),
    "condition_in_a_circle": (
        (resource(item("a", "boolean", enableWhen=[when("a", answerBoolean=True)])), "a"),
        (
            resource(
                item("g", "group", enableWhen=[when("b", answerBoolean=True)], item=[item("b", "boolean")]),
            ),
            "g",
        ),
    ),
    "not_a_value": (
        (resource(item("a", "date", initial=[{"valueDate": "2026-02-30"}])), "a"),
        (resource(item("a", "integer", initial=[{"valueInteger": True}])), "a"),
        (resource(item("a", "decimal", initial=[{"valueDecimal": 1e300}])), "a"),
    ),
    "ranges_without_score": ((resource(item("a", "string"), extension=[score_range(low=0)]), ""),),
    "not_a_list": ((resource(item("a", "group", item="?")), "a"),),
    "too_deep": (
        (
            resource(
                item("1", "group", item=[item("2", "group", item=[item("3", "group", item=[
                    item("4", "group", item=[item("5", "group", item=[
                        item("6", "group", item=[item("7", "string")])])])])])])
            ),
            "6",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("code", REFUSED)
def test_what_is_not_understood_is_refused_by_name(code: str) -> None:
    for refused, link_id in REFUSED[code]:
        with pytest.raises(NotUnderstood) as told:
            read_questionnaire(refused)
        assert (link_id, code) in {(fault.link_id, fault.code) for fault in told.value.faults}, refused


def _found(resource: Any, path: str) -> Any:
    """What is at the path of a fault; without its last part, if that is what is lacking."""
    there: Any = resource
    parts = re.findall(r"\w+\[x\]|\w+|\[\d+\]", path.removeprefix("Questionnaire"))
    for part in parts[:-1]:
        there = there[int(part[1:-1])] if part[0] == "[" else there[part]
    last = parts[-1] if parts else ""
    if last[:1] == "[":
        return there[int(last[1:-1])]
    return there.get(last, there) if isinstance(there, dict) else there


@pytest.mark.parametrize("code", REFUSED)
def test_each_fault_has_its_place_in_the_file_and_says_what_to_do(code: str) -> None:
    """The place of a fault of an item is that item, or in it."""
    for refused, _link_id in REFUSED[code]:
        with pytest.raises(NotUnderstood) as told:
            read_questionnaire(refused)
        for fault in told.value.faults:
            assert fault.path.startswith("Questionnaire")
            assert advice_on(fault)
            place = "".join(re.findall(r"\.item\[\d+\]", fault.path))
            if fault.link_id and fault.code != "link_id_twice":
                assert _found(refused, f"Questionnaire{place}")["linkId"] == fault.link_id, fault
            _found(refused, fault.path)


def test_advice_is_about_what_an_import_can_meet() -> None:
    """Every code that reading or checking a questionnaire names has one, and no other."""
    sources = "".join((FHIR / name).read_text() for name in ("reading.py", "checks.py"))
    told = set(re.findall(r'(?:Fault|self\.fault)\(\s*[^,]+,\s*"(\w+)"', sources)) | {"no_title"}
    assert told == ADVICE.keys()


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(NotUnderstood) as told:
        read_questionnaire(resource(item("a", "url"), item("b", "choice"), item("c", "string", readOnly=True)))
    assert [(fault.link_id, fault.code, fault.detail) for fault in told.value.faults] == [
        ("a", "unknown_type", "url"),
        ("b", "no_options", ""),
        ("c", "unknown_element", "readOnly"),
    ]


def test_what_is_understood() -> None:
    scale = [
        {"valueCoding": {"code": "n", "display": "Non"}, "extension": [{"url": ORDINAL, "valueDecimal": 0}]},
        {
            "valueCoding": {"code": "y", "display": "Oui", "extension": [{"url": ORDINAL, "valueDecimal": 2}]},
            "initialSelected": True,
        },
    ]
    questions = read_questionnaire(
        resource(
            item("w", "decimal", required=True, item=[HELP], extension=[{"url": BOUND, "valueInteger": 1}]),
            item("s", "choice", answerOption=scale),
            title="Avant la visite",
            extension=[score_range(high=1), score_range(low=2)],
        )
    )
    weight, scale_item = questions.items
    assert (weight.help, weight.low, weight.required, weight.items) == ("En kilogrammes.", Decimal(1), True, ())
    assert [(option.words, option.ordinal) for option in scale_item.options] == [
        ("Non", Decimal(0)),
        ("Oui", Decimal(2)),
    ]
    assert scale_item.initial == (scale_item.options[1].value,)
    assert [(one.low, one.high) for one in questions.ranges] == [(None, 1), (2, None)]
    assert questions.has_score
    with pytest.raises(NotUnderstood, match="ranges_overlap"):
        read_questionnaire(
            resource(item("s", "choice", answerOption=scale), extension=[score_range(high=2), score_range(low=2)])
        )
