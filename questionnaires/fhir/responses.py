"""Answers and FHIR R4 QuestionnaireResponse; what is wrong with answers, by question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time
from typing import Any

from questionnaires.fhir.checks import coding_words, is_option
from questionnaires.fhir.conditions import Answers, effective, enabled_items
from questionnaires.fhir.dates import Dated, begins_before, ends_after
from questionnaires.fhir.faults import Fault, NotUnderstood
from questionnaires.fhir.items import Item, Questions
from questionnaires.fhir.values import (
    CHOICES,
    LONGEST_TEXT,
    Coding,
    Json,
    Kind,
    NotAValue,
    Quantity,
    Value,
    as_kind,
    is_dated,
    is_less,
    is_on_every_clock,
    read_property,
    write_value,
)

STATUSES = {"in-progress", "completed", "amended", "stopped", "entered-in-error"}
OF_RESPONSE = {
    *("resourceType", "id", "meta", "language", "text", "identifier", "questionnaire", "status", "subject"),
    *("encounter", "authored", "author", "source", "item"),
}
MOST_ANSWERS = 50
NAMED, LONGEST_NAME = 3, 100  # names in one fault; characters of one


def read_response(questions: Questions, resource: object) -> dict[str, tuple[Value, ...]]:
    """The answers of a resource. Raises NotUnderstood for what the questionnaire does not ask, by linkId."""
    if not isinstance(resource, dict) or resource.get("resourceType") != "QuestionnaireResponse":
        raise NotUnderstood([Fault("", "not_a_response")])
    reader = _Reader()
    reader.names("", resource, OF_RESPONSE)
    if resource.get("status") not in STATUSES:
        reader.faults.append(Fault("", "status"))
    reader.items(questions.items, resource.get("item", []), "")
    reader.faults += faults_of_values(questions, reader.answers)
    if reader.faults:
        raise NotUnderstood(reader.faults)
    return reader.answers


class _Reader:
    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.answers: dict[str, tuple[Value, ...]] = {}
        self.known_faults: set[Fault] = set()
        self.seen: set[str] = set()

    def names(self, link_id: str, element: Json, known: set[str]) -> None:
        if unknown := sorted(set(element) - known):
            self.fault(Fault(link_id, "unknown_element", _some_of(unknown)))

    def fault(self, fault: Fault) -> None:
        """Each once: there are no more faults than the questionnaire has questions, whatever is sent."""
        if fault not in self.known_faults:
            self.known_faults.add(fault)
            self.faults.append(fault)

    def items(self, asked: Iterable[Item], raw: object, parent: str) -> None:
        if not isinstance(raw, list):
            self.fault(Fault(parent, "not_a_list", "item"))
            return
        known = {item.link_id: item for item in asked}
        unknown: list[object] = []
        for element in raw:
            link_id = element.get("linkId") if isinstance(element, dict) else None
            item = known.get(link_id) if isinstance(link_id, str) else None
            if item is None:
                unknown.append(link_id)
            elif item.link_id in self.seen:
                self.fault(Fault(item.link_id, "answered_twice"))
            else:
                self.seen.add(item.link_id)
                self.names(item.link_id, element, {"id", "linkId", "definition", "text", "answer", "item"})
                self.item(item, element)
        if unknown:
            self.fault(Fault(parent, "not_asked", _some_of(unknown)))

    def item(self, item: Item, element: Json) -> None:
        if not item.is_asked:
            if "answer" in element:
                self.fault(Fault(item.link_id, "not_asked", item.link_id))
            self.items(item.items, element.get("item", []), item.link_id)
            return
        if "item" in element or not isinstance(raw := element.get("answer", []), list):  # items are below an answer
            self.fault(Fault(item.link_id, "not_a_list", "answer"))
            return
        values = []
        for one in raw:
            if (value := self.value(item, one)) is not None:
                values.append(value)
                self.items(item.items, one.get("item", []), item.link_id)
        if values:
            self.answers[item.link_id] = tuple(values)

    def value(self, item: Item, raw: Any) -> Value | None:
        try:
            found = read_property(raw, "value") if isinstance(raw, dict) else None
        except NotAValue:
            found = None
        value = as_kind(found, item.kind) if found is not None else None
        if value is None:
            self.fault(Fault(item.link_id, "not_a_value"))
        return value


def _some_of(names: Sequence[object]) -> str:
    """The first ones, and how many more."""
    named = ", ".join(str(name)[:LONGEST_NAME] for name in names[:NAMED])
    return named if len(names) <= NAMED else f"{named} … (+ {len(names) - NAMED})"


def faults_of_values(questions: Questions, answers: Answers) -> list[Fault]:
    """What is wrong with the answers that there are; nothing about missing ones."""
    return [
        fault
        for item in questions.walk()
        if item.is_asked
        for fault in _faults_of_values(item, answers.get(item.link_id, ()))
    ]


def _faults_of_values(item: Item, values: tuple[Value, ...]) -> Iterator[Fault]:
    if len(values) > (MOST_ANSWERS if item.repeats else 1):
        yield Fault(item.link_id, "too_many_answers")
    if len(set(values)) < len(values) and item.kind in CHOICES:
        yield Fault(item.link_id, "answered_twice")
    for value in values:
        if as_kind(value, item.kind) is None:
            yield Fault(item.link_id, "not_a_value")
        elif isinstance(value, datetime) and not is_on_every_clock(value):
            yield Fault(item.link_id, "year")
        elif isinstance(value, Quantity) and item.unit and value.unit not in ("", item.unit):
            yield Fault(item.link_id, "another_unit", item.unit)
        elif item.kind in CHOICES and not is_option(item, value):
            yield Fault(item.link_id, "not_an_option")
        elif isinstance(value, str) and len(value) > (item.max_length or LONGEST_TEXT):
            yield Fault(item.link_id, "too_long", str(item.max_length or LONGEST_TEXT))
        elif is_dated(value):
            yield from _faults_of_date(item, value)
        elif item.low is not None and is_less(value, item.low):
            yield Fault(item.link_id, "too_early" if isinstance(value, time) else "too_low", _bound(item.low))
        elif item.high is not None and is_less(item.high, value):
            yield Fault(item.link_id, "too_late" if isinstance(value, time) else "too_high", _bound(item.high))


def _bound(value: Value) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return f"{value.number} {value.unit}".rstrip() if isinstance(value, Quantity) else str(value)


def _faults_of_date(item: Item, value: Dated) -> Iterator[Fault]:
    """A date without a day is within bounds if each of its days is; if only some are, it lacks a part."""
    low, high = item.low, item.high
    if low is not None and is_less(value, low):
        yield Fault(item.link_id, "too_early", _bound(low))
    elif high is not None and is_less(high, value):
        yield Fault(item.link_id, "too_late", _bound(high))
    elif (is_dated(low) and begins_before(value, low)) or (is_dated(high) and ends_after(value, high)):
        yield Fault(item.link_id, "not_precise", str(value))


def missing(questions: Questions, answers: Answers, within: Iterable[Item] | None = None) -> list[Fault]:
    """Required items that are enabled and have no answer, in the order of the page. `within`: these items alone,
    with all below them."""
    enabled, given = enabled_items(questions, answers), effective(questions, answers)
    judged = [one for item in (questions.items if within is None else within) for one in item.walk()]
    return [
        Fault(item.link_id, "required")
        for item in judged
        if item.required and item.link_id in enabled and not any(one.link_id in given for one in _answering(item))
    ]


def _answering(item: Item) -> Iterator[Item]:
    """A group is answered by any question in it, a question by itself."""
    return item.walk() if item.kind is Kind.GROUP else iter([item])


def write_response(questions: Questions, answers: Answers, *, canonical: str, completed: bool, **more: Any) -> Json:
    """The resource, nested as the questions are. A completed one has answers of enabled questions alone; in progress,
    the others stay, to come back with their question. `canonical`: url|version. `more`: other elements."""
    given = effective(questions, answers) if completed else answers
    items = [element for item in questions.items if (element := _element(item, given))]
    status = "completed" if completed else "in-progress"
    resource = {"resourceType": "QuestionnaireResponse", "questionnaire": canonical, "status": status, **more}
    return resource | ({"item": items} if items else {})


def _element(item: Item, given: Answers) -> Json | None:
    below = [element for one in item.items if (element := _element(one, given))]
    named = {"linkId": item.link_id} | ({"text": item.text} if item.text else {})
    if not item.is_asked:
        return named | {"item": below} if below else None
    values = given.get(item.link_id, ())
    answers = [_written(item, value) for value in values]
    if below and answers:
        answers[0]["item"] = below
    return named | {"answer": answers} if answers else None


def _written(item: Item, value: Value) -> Json:
    if isinstance(value, Coding):
        value = Coding(value.system, value.code, coding_words(item, value))
    return write_value(value)
