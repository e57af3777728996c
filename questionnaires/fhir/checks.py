"""What holds between the items of a questionnaire: names are unique, conditions can be decided, bounds fit."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from questionnaires.fhir.faults import Fault
from questionnaires.fhir.items import Condition, Item, Operator, Questions
from questionnaires.fhir.values import CHOICES, Coding, Kind, Value, as_kind, is_less

ORDERED = {Operator.GREATER, Operator.LESS, Operator.AT_LEAST, Operator.AT_MOST}
COMPARED = {Kind.DECIMAL, Kind.INTEGER, Kind.DATE, Kind.DATE_TIME, Kind.TIME, Kind.QUANTITY}


def faults_of(questions: Questions) -> Iterator[Fault]:
    seen: set[str] = set()
    for item in questions.walk():
        if item.link_id in seen:
            yield Fault(item.link_id, "link_id_twice")
        seen.add(item.link_id)
        yield from _faults_of_item(item)
    if len(seen) == sum(1 for _ in questions.walk()):
        yield from _faults_of_conditions(questions)
    yield from _faults_of_ranges(questions)


def _faults_of_item(item: Item) -> Iterator[Fault]:
    if item.kind is Kind.GROUP and not item.items:  # que-1
        yield Fault(item.link_id, "empty_group")
    if item.kind is Kind.DISPLAY and (item.items or item.help):
        yield Fault(item.link_id, "display_with_items")
    if item.kind is Kind.DISPLAY and (item.required or item.repeats):  # que-6
        yield Fault(item.link_id, "display_is_asked")
    if not item.text.strip():
        yield Fault(item.link_id, "no_text")
    if item.repeats and (item.kind is Kind.GROUP or item.items):
        yield Fault(item.link_id, "repeated_group")
    if len(item.initial) > 1 and not item.repeats:  # que-13
        yield Fault(item.link_id, "initial")
    if item.low is not None and item.high is not None and is_less(item.high, item.low):
        yield Fault(item.link_id, "bounds")


def _faults_of_conditions(questions: Questions) -> Iterator[Fault]:
    """A condition compares an existing question with an answer that it may have; no question depends on itself."""
    parents = {below.link_id: item.link_id for item in questions.walk() for below in item.items}
    for item in questions.walk():
        for condition in item.conditions:
            asked = questions.by_link_id.get(condition.question)
            if asked is None or not asked.is_asked:
                yield Fault(item.link_id, "condition_on_nothing", condition.question)
            elif not _can_compare(condition, asked):
                yield Fault(item.link_id, "condition_of_another_type", condition.question)
    for link_id in questions.by_link_id:
        if _depends_on_itself(link_id, questions, parents):
            yield Fault(link_id, "condition_in_a_circle")


def _can_compare(condition: Condition, asked: Item) -> bool:
    if condition.operator is Operator.EXISTS:  # que-7
        return isinstance(condition.answer, bool)
    if not is_compared(asked, condition.operator):
        return False
    if asked.kind in CHOICES:
        return is_option(asked, condition.answer)
    return as_kind(condition.answer, asked.kind) is not None


def is_compared(asked: Item, how: Operator) -> bool:
    """Whether the answers of this question have the order that the operator asks for."""
    return how not in ORDERED or asked.kind in COMPARED


def _depends_on_itself(start: str, questions: Questions, parents: dict[str, str]) -> bool:
    """By its own conditions, or by those of what it is nested in."""
    waiting, seen = [start], set[str]()
    while waiting:
        link_id = waiting.pop()
        item = questions.by_link_id.get(link_id)
        needs = [condition.question for condition in item.conditions] if item else []
        needs += [parents[link_id]] if link_id in parents else []
        if start in needs:
            return True
        waiting += [one for one in needs if one not in seen]
        seen.update(needs)
    return False


def _faults_of_ranges(questions: Questions) -> Iterator[Fault]:
    """Ranges are in order and do not meet; they need a sum."""
    if questions.ranges and not questions.has_score:
        yield Fault("", "ranges_without_score")
    before: Decimal | None = None
    for number, one in enumerate(questions.ranges):
        starts_late = one.low is None if number else False
        if starts_late or (one.low is not None and before is not None and one.low <= before):
            yield Fault("", "ranges_overlap")
        if one.low is not None and one.high is not None and one.low > one.high:
            yield Fault("", "ranges_overlap")
        if number + 1 < len(questions.ranges) and one.high is None:
            yield Fault("", "ranges_overlap")
        before = one.high


def is_option(item: Item, value: Value) -> bool:
    """Whether a choice has this option; an open one takes any text."""
    if any(type(option.value) is type(value) and option.value == value for option in item.options):
        return True
    return item.kind is Kind.OPEN_CHOICE and isinstance(value, str)


def coding_words(item: Item, coding: Coding) -> str:
    found = [option.words for option in item.options if option.value == coding]
    return found[0] if found else coding.display or coding.code
