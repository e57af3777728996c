"""Changes to the JSON of a questionnaire, one question at a time. What the editor does not show stays as it is."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from questionnaires.fhir import extensions
from questionnaires.fhir.items import Condition, Item, Option, ScoreRange
from questionnaires.fhir.reading import is_help
from questionnaires.fhir.values import CHOICES, NOT_ASKED, TEXTS, Json, Kind, Value, read_property, write_value

BOUNDED = {Kind.INTEGER, Kind.DECIMAL, Kind.DATE, Kind.DATE_TIME}
# Elements of a question that the editor writes; it leaves the others alone.
WRITTEN = {
    *(
        "type",
        "text",
        "required",
        "repeats",
        "enableWhen",
        "enableBehavior",
        "answerOption",
        "maxLength",
        "extension",
    ),
    "item",
}


class NoSuchItem(LookupError):
    """No item has this linkId any more."""


@dataclass(frozen=True)
class Choice:
    words: str
    points: Decimal | None = None


@dataclass(frozen=True)
class Content:
    """A question as the editor writes it."""

    kind: Kind
    text: str
    help: str = ""
    required: bool = False
    repeats: bool = False
    choices: tuple[Choice, ...] = ()
    conditions: tuple[Condition, ...] = ()
    every: bool = True
    max_length: int | None = None
    low: Value | None = None
    high: Value | None = None
    unit: str = ""


def blank() -> Json:
    return {"resourceType": "Questionnaire", "status": "draft", "subjectType": ["Patient"], "item": []}


def with_heading(resource: Json, *, title: str, description: str, ranges: Iterable[ScoreRange]) -> Json:
    changed = copy.deepcopy(resource) | {"title": title, "description": description}
    kept = [one for one in changed.get("extension", []) if one.get("url") != extensions.SCORE_RANGE]
    changed["extension"] = kept + [_range(one) for one in ranges]
    return _without_empty(changed)


def with_item(resource: Json, content: Content, *, section: str = "", link_id: str = "") -> tuple[Json, str]:
    """Add an item at the end of a section, or of the questionnaire; its linkId, which is never used again."""
    changed = copy.deepcopy(resource)
    name = link_id or f"q-{uuid.uuid4().hex[:8]}"
    _below(changed, section).append(_written({"linkId": name}, content))
    return changed, name


def with_changed_item(resource: Json, link_id: str, content: Content, *, section: str | None = None) -> Json:
    """`section`: to move it there; None leaves it where it is. Raises NoSuchItem."""
    changed = copy.deepcopy(resource)
    siblings, place = _find(changed, link_id)
    siblings[place] = _written(siblings[place], content)
    if section is not None and section != section_of(changed, link_id) and section != link_id:
        item = siblings.pop(place)
        _below(changed, section).append(item)
    return changed


def with_moved_item(resource: Json, link_id: str, steps: int) -> Json:
    """Up (-1) or down (1) among its neighbours; at the edge it stays. Raises NoSuchItem."""
    changed = copy.deepcopy(resource)
    siblings, place = _find(changed, link_id)
    target = min(max(place + steps, 0), len(siblings) - 1)
    siblings.insert(target, siblings.pop(place))
    return changed


def without_item(resource: Json, link_id: str) -> Json:
    """With all below it. Raises NoSuchItem."""
    changed = copy.deepcopy(resource)
    siblings, place = _find(changed, link_id)
    siblings.pop(place)
    return changed


def heading_of(resource: Json) -> Json:
    """What `with_heading` replaces."""
    ranges = [one for one in resource.get("extension", []) if one.get("url") == extensions.SCORE_RANGE]
    return {"title": resource.get("title", ""), "description": resource.get("description", ""), "ranges": ranges}


def item_of(resource: Json, link_id: str) -> Json:
    """What `with_changed_item` replaces: an item without those below it. Raises NoSuchItem."""
    siblings, place = _find(resource, link_id)
    return {name: part for name, part in siblings[place].items() if name != "item"}


def with_all_below(resource: Json, link_id: str) -> Json:
    """What `without_item` removes. Raises NoSuchItem."""
    siblings, place = _find(resource, link_id)
    return siblings[place]


def order_around(resource: Json, link_id: str) -> list[str]:
    """What `with_moved_item` changes: the linkIds of the item and its neighbours, in order. Raises NoSuchItem."""
    siblings, _place = _find(resource, link_id)
    return [str(one["linkId"]) for one in siblings]


def section_of(resource: Json, link_id: str) -> str:
    """The linkId of what the item is in; "" at the top."""
    for within, item in _walk(resource.get("item", []), ""):
        if item["linkId"] == link_id:
            return within
    raise NoSuchItem(link_id)


def choices_of(item: Item) -> tuple[Choice, ...]:
    return tuple(Choice(option.words, option.ordinal) for option in item.options)


def _walk(items: list[Json], within: str) -> Iterator[tuple[str, Json]]:
    for item in items:
        yield within, item
        yield from _walk(item.get("item", []), item["linkId"])


def _find(resource: Json, link_id: str) -> tuple[list[Json], int]:
    """The list that the item stands in, and where."""
    waiting: list[Json] = [resource]
    while waiting:
        below = waiting.pop().get("item", [])
        for place, item in enumerate(below):
            if item["linkId"] == link_id:
                return below, place
        waiting += below
    raise NoSuchItem(link_id)


def _below(resource: Json, section: str) -> list[Json]:
    if not section:
        holder = resource
    else:
        siblings, place = _find(resource, section)
        holder = siblings[place]
    below: list[Json] = holder.setdefault("item", [])
    return below


def _written(before: Json, content: Content) -> Json:
    kept = {name: value for name, value in before.items() if name not in WRITTEN}
    if before.get("type") != content.kind or content.choices:
        kept.pop("initial", None)  # of another type, or instead of an option
    below = [one for one in before.get("item", []) if not (one.get("type") == "display" and is_help(one))]
    help_items = [_help(before["linkId"], content.help)] if content.help and content.kind is not Kind.DISPLAY else []
    asked = content.kind not in NOT_ASKED
    conditions = [
        {"question": one.question, "operator": str(one.operator), **write_value(one.answer, "answer")}
        for one in content.conditions
    ]
    written: dict[str, Any] = kept | {
        "type": str(content.kind),
        "text": content.text,
        "required": (asked and content.required) or None,
        "repeats": (asked and content.repeats) or None,
        "enableWhen": conditions,
        "enableBehavior": ("all" if content.every else "any") if len(conditions) > 1 else None,
        "answerOption": _options(before, content.choices) if content.kind in CHOICES else [],
        "maxLength": content.max_length if content.kind in TEXTS else None,
        "extension": _extensions(before, content),
        "item": help_items + below,
    }
    return _without_empty(written)


def _without_empty(element: Json) -> Json:
    return {name: value for name, value in element.items() if value not in (None, "", []) or name == "linkId"}


def _help(link_id: str, text: str) -> Json:
    coding = {"system": extensions.CONTROLS, "code": extensions.HELP}
    control = {"url": extensions.CONTROL, "valueCodeableConcept": {"coding": [coding]}}
    return {"linkId": f"{link_id}-help", "type": "display", "text": text, "extension": [control]}


def _extensions(before: Json, content: Content) -> list[Json]:
    ours = {extensions.UNIT}
    if content.kind in BOUNDED or before.get("type") != content.kind:  # the editor shows no bounds of other types
        ours |= {extensions.LOWEST, extensions.HIGHEST}
    found = [one for one in before.get("extension", []) if one.get("url") not in ours]
    if content.kind in BOUNDED:
        bounds = ((extensions.LOWEST, content.low), (extensions.HIGHEST, content.high))
        found += [{"url": url, **write_value(bound)} for url, bound in bounds if bound is not None]
    if content.kind is Kind.QUANTITY and content.unit:
        found.append({"url": extensions.UNIT, "valueCoding": {"code": content.unit, "display": content.unit}})
    return found


def _options(before: Json, choices: Sequence[Choice]) -> list[Json]:
    """An option keeps its value when its words stay, and its code also when they are written anew in its place:
    conditions and former answers name the value. Imported options may be dates, numbers or texts without a code."""
    had = list(before.get("answerOption", []))
    by_words = {_words(one): one for one in had}
    taken = by_words.keys() & {choice.words for choice in choices}
    codes = {one["valueCoding"]["code"] for one in had if "valueCoding" in one}
    options = []
    for place, choice in enumerate(choices):
        same = by_words.get(choice.words)
        if same is None and place < len(had) and _words(had[place]) not in taken and "valueCoding" in had[place]:
            same = had[place]
        if same and "valueCoding" not in same:
            option: Json = {name: value for name, value in same.items() if name.startswith("value")}
        else:
            coding = dict(same["valueCoding"]) if same else {"code": _new_code(codes)}
            coding.pop("extension", None)
            codes.add(coding["code"])
            option = {"valueCoding": coding | {"display": choice.words}}
        if choice.points is not None:
            option["extension"] = [{"url": extensions.ORDINAL, "valueDecimal": _decimal(choice.points)}]
        if same and same.get("initialSelected"):
            option["initialSelected"] = True
        options.append(option)
    return options


def _words(option: Json) -> str:
    """Those of Option.words, which the editor shows in a line."""
    value = read_property(option, "value")
    return Option(value).words if value is not None else ""


def _new_code(codes: set[str]) -> str:
    return next(code for code in (f"a{number}" for number in range(1, 10_000)) if code not in codes)


def _decimal(number: Decimal) -> object:
    return write_value(number)["valueDecimal"]


def _range(one: ScoreRange) -> Json:
    bounds = (("low", one.low), ("high", one.high))
    parts: list[Json] = [
        {"url": name, "valueDecimal": _decimal(value)} for name, value in bounds if value is not None
    ]
    return {"url": extensions.SCORE_RANGE, "extension": [*parts, {"url": "text", "valueString": one.words}]}
