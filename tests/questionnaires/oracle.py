"""What FHIRPath says of a questionnaire and its answers: the judge of conditions and scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any

import fhirpathpy
from fhirpathpy.models import models

Json = dict[str, Any]
# Not repeat(item | answer.item): the package loses the types of elements behind a union, and so `value`.
SAID = "QuestionnaireResponse.descendants().where(linkId = '{}').answer.value"


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> Callable[..., list[Any]]:
    return fhirpathpy.compile(expression, models["r4"])


def _literal(name: str, value: Any) -> str:
    """A filter for the answers that compare with this one; {} stands for the operator."""
    match name:
        case "Boolean":
            return f"$this {{}} {str(value).lower()}"
        case "String":
            return f"$this {{}} '{value}'"
        case "Date" | "DateTime":
            return f"$this {{}} @{value}"
        case "Time":
            return f"$this {{}} @T{value}"
        case "Coding":
            return f"code {{}} '{value['code']}' and system = '{value['system']}'"
        case "Quantity":
            return f"unit = '{value['unit']}' and value {{}} {value['value']}"
    return f"$this {{}} {value}"


def _condition(condition: Json) -> str:
    said = SAID.format(condition["question"])
    if condition["operator"] == "exists":
        return f"{said}.exists() = {str(condition['answerBoolean']).lower()}"
    name, value = next((key[6:], value) for key, value in condition.items() if key.startswith("answer"))
    operator = "=" if condition["operator"] == "!=" else condition["operator"]
    free = "$this is string and " if name == "String" else ""
    coded = "code.exists() and " if name == "Coding" else ""
    found = f"{said}.where({free}{coded}{_literal(name, value).format(operator)}).exists()"
    return f"{found}.not()" if condition["operator"] == "!=" else found


def _walk(items: list[Json], within: tuple[Json, ...] = ()) -> Iterator[tuple[Json, tuple[Json, ...]]]:
    for item in items:
        yield item, within
        yield from _walk(item.get("item", []), (*within, item))


def without(response: Json, enabled: set[str]) -> Json:
    """The response with the items that are enabled, and no others."""

    def kept(element: Json) -> Json:
        for one in (element, *element.get("answer", [])):
            if "item" in one:
                one["item"] = [kept(below) for below in one["item"] if below["linkId"] in enabled]
        return element

    return kept(_exactly(response))


def _exactly(response: Json) -> Json:
    """A copy with decimals as they are written: of a float the package compares the binary fraction."""
    read: Json = json.loads(json.dumps(response), parse_float=Decimal)
    return read


def enabled(questionnaire: Json, response: Json) -> set[str]:
    """Judge every condition over what the last judgement left, until nothing changes."""
    items = list(_walk(questionnaire["item"]))
    found = {item["linkId"] for item, _within in items}
    while True:
        left = without(response, found)
        again = {item["linkId"] for item, within in items if _is_enabled(item, within, left)}
        if again == found:
            return found
        found = again


def _is_enabled(item: Json, within: tuple[Json, ...], left: Json) -> bool:
    for one in (*within, item):
        held = [_compiled(_condition(each))(left) == [True] for each in one.get("enableWhen", [])]
        if held and not (any(held) if one.get("enableBehavior") == "any" else all(held)):
            return False
    asked = [one for one in within if one["type"] != "group"]
    return all(_compiled(SAID.format(one["linkId"]) + ".exists()")(left) == [True] for one in asked)


def score(questionnaire: Json, response: Json) -> float | None:
    """The sum of the ordinals of what is chosen; None without any."""
    left = without(response, enabled(questionnaire, response))
    codes = _compiled("QuestionnaireResponse.descendants().answer.value.code")(left)
    options = "Questionnaire.repeat(item).answerOption.where(value.code = '{}')"
    ordinal = ".extension.where(url = 'http://hl7.org/fhir/StructureDefinition/ordinalValue').value"
    found = [each for code in codes for each in _compiled(options.format(code) + ordinal)(questionnaire)]
    return float(sum(found)) if found else None
