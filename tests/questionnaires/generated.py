"""Questionnaires and answers made at random, as JSON: nested groups and questions, conditions of each operator."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]
SYSTEM = "urn:docshare:test"
ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
ORDERED = ["=", "!=", ">", "<", ">=", "<="]
SAME = ["=", "!="]
VALUES: dict[str, tuple[str, list[Any]]] = {
    "boolean": ("Boolean", [True, False]),
    "integer": ("Integer", [0, 1, 2, 7]),
    "decimal": ("Decimal", [0.5, 1, 36.6]),
    "date": ("Date", ["1950-01-31", "1950", "2026-11-29", "2026-11", "2026-12", "2026"]),
    "time": ("Time", ["07:30:00", "18:00:00"]),
    "dateTime": (
        "DateTime",
        [
            "2026-11-29T08:00:00+01:00",
            "2026-11-29T07:30:00Z",
            "2026-11-29",
            "2026-11-30",
            "2026-11",
            "2026",
            "2025-12",
        ],
    ),
    "string": ("String", ["oui", "non"]),
    "text": ("String", ["oui", "non"]),
    "quantity": ("Quantity", [{"value": 3, "unit": "kg"}, {"value": 70.5, "unit": "kg"}, {"value": 3, "unit": "cm"}]),
}
OPERATORS = {kind: SAME if kind in ("boolean", "string", "text") else ORDERED for kind in VALUES}


def _codings(link_id: str) -> list[Json]:
    return [{"system": SYSTEM, "code": f"{link_id}-{letter}", "display": letter.upper()} for letter in "abc"]


def values_of(item: Json) -> list[Json]:
    """Some `value[x]` that answer the question."""
    if item["type"] == "choice" and "valueDate" in item["answerOption"][0]:
        return [dict(option) for option in item["answerOption"]]
    if item["type"] in ("choice", "open-choice"):
        free = [{"valueString": "autre"}] if item["type"] == "open-choice" else []
        return [{"valueCoding": coding} for coding in _codings(item["linkId"])] + free
    name, some = VALUES[item["type"]]
    return [{f"value{name}": one} for one in some]


@st.composite
def _condition(draw: st.DrawFn, asked: list[Json]) -> Json:
    question = draw(st.sampled_from(asked))
    if draw(st.integers(0, 3)) == 0:
        return {"question": question["linkId"], "operator": "exists", "answerBoolean": draw(st.booleans())}
    operator = draw(st.sampled_from(OPERATORS.get(question["type"], SAME)))
    answer = draw(st.sampled_from(values_of(question)))
    answers = {name.replace("value", "answer"): value for name, value in answer.items()}
    return {"question": question["linkId"], "operator": operator, **answers}


@st.composite
def _item(draw: st.DrawFn, asked: list[Json], names: list[str], depth: int) -> Json:
    link_id = names.pop(0)
    kinds = [
        *VALUES,
        *["date", "dateTime"] * 4,  # often, because few pairs of dates have no answer
        "choice",
        "choice",
        "open-choice",
        *(["group", "group"] if depth < 3 and len(names) > 2 else []),
    ]
    item: Json = {"linkId": link_id, "type": draw(st.sampled_from(kinds)), "text": f"Question {link_id}"}
    is_conditional: bool = draw(st.booleans())
    if asked and is_conditional:
        conditions = draw(st.lists(_condition(asked), min_size=1, max_size=3))
        item |= {"enableWhen": conditions}
        if len(conditions) > 1 or draw(st.booleans()):
            item["enableBehavior"] = draw(st.sampled_from(["all", "any"]))
    if item["type"] == "choice" and draw(st.integers(0, 3)) == 0:
        item["answerOption"] = [{"valueDate": one} for one in VALUES["date"][1]]
    elif item["type"] in ("choice", "open-choice"):
        item["answerOption"] = [
            {"valueCoding": coding, "extension": [{"url": ORDINAL, "valueDecimal": number}]}
            for number, coding in zip(draw(st.permutations([0, 1, 2.5])), _codings(link_id), strict=True)
        ]
    if item["type"] in ("date", "dateTime") and draw(st.booleans()):
        item["initial"] = [draw(st.sampled_from(values_of(item)))]
    has_items = item["type"] == "group" or (depth < 3 and names and draw(st.integers(0, 4)) == 0)
    if item["type"] != "group":
        asked.append(item)
        if not has_items:
            item["repeats"] = draw(st.booleans())
    if has_items and names:
        item["item"] = [draw(_item(asked, names, depth + 1)) for _ in range(draw(st.integers(1, 2))) if names]
    return item


@st.composite
def questionnaires(draw: st.DrawFn) -> Json:
    asked: list[Json] = []
    names = [f"q{number}" for number in range(draw(st.integers(1, 9)))]
    items = []
    while names:
        items.append(draw(_item(asked, names, 1)))
    return {"resourceType": "Questionnaire", "status": "active", "title": "Au hasard", "item": items}


@st.composite
def answered(draw: st.DrawFn) -> tuple[Json, Json]:
    """A questionnaire, and a response that also answers what is not enabled."""
    questionnaire = draw(questionnaires())

    def element(item: Json) -> Json:
        below = [one for one in map(element, item.get("item", [])) if len(one) > 1]
        if item["type"] == "group":
            return {"linkId": item["linkId"]} | ({"item": below} if below else {})
        most = 3 if item.get("repeats") else 1
        one_each = st.lists(st.sampled_from(values_of(item)), max_size=most, unique_by=str)
        values = [dict(value) for value in draw(one_each)]
        if values and below:
            values[0]["item"] = below
        return {"linkId": item["linkId"]} | ({"answer": values} if values else {})

    items = [one for one in map(element, questionnaire["item"]) if len(one) > 1]
    response = {"resourceType": "QuestionnaireResponse", "status": "in-progress"} | ({"item": items} if items else {})
    return questionnaire, response
