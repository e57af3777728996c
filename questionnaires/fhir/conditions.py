"""Which items are asked, given the answers (FHIR R4, Questionnaire.item.enableWhen).

An item is enabled if its conditions hold and what it is nested in is enabled. Items below a question are enabled once
the question is answered, because they would be nested in its answer. Answers of items that are not enabled do not
exist for any condition.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from questionnaires.fhir.dates import order_of
from questionnaires.fhir.items import Condition, Item, Operator, Questions
from questionnaires.fhir.values import Kind, Quantity, Value, as_kind, is_date, is_date_time

Answers = Mapping[str, tuple[Value, ...]]  # by linkId; items without an answer are absent
COMPARES: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.GREATER: operator.gt,
    Operator.LESS: operator.lt,
    Operator.AT_LEAST: operator.ge,
    Operator.AT_MOST: operator.le,
}


def enabled_items(questions: Questions, answers: Answers) -> frozenset[str]:
    """The linkIds of the items that are enabled. The questionnaire has no circle (checks.py)."""
    return frozenset(_Enabled(questions, answers).all())


def effective(questions: Questions, answers: Answers) -> dict[str, tuple[Value, ...]]:
    """The answers of enabled questions alone, in the order of the page."""
    enabled = enabled_items(questions, answers)
    asked = (item.link_id for item in questions.walk() if item.is_asked)
    return {link_id: answers[link_id] for link_id in asked if link_id in enabled and answers.get(link_id)}


class _Enabled:
    def __init__(self, questions: Questions, answers: Answers) -> None:
        self.questions, self.answers = questions, answers
        self.parents = {below.link_id: item for item in questions.walk() for below in item.items}
        self.known: dict[str, bool] = {}

    def all(self) -> list[str]:
        return [item.link_id for item in self.questions.walk() if self.is_enabled(item)]

    def is_enabled(self, item: Item) -> bool:
        if item.link_id not in self.known:
            self.known[item.link_id] = self._stands(item) and self._conditions_hold(item)
        return self.known[item.link_id]

    def _stands(self, item: Item) -> bool:
        if (parent := self.parents.get(item.link_id)) is None:
            return True
        return self.is_enabled(parent) and (not parent.is_asked or bool(self.answers.get(parent.link_id)))

    def _conditions_hold(self, item: Item) -> bool:
        if not item.conditions:
            return True
        held = (self._holds(condition) for condition in item.conditions)
        return all(held) if item.every else any(held)

    def _holds(self, condition: Condition) -> bool:
        asked = self.questions.by_link_id[condition.question]
        given = self.answers.get(condition.question, ()) if self.is_enabled(asked) else ()
        return holds(condition, given, asked.kind)


def holds(condition: Condition, given: tuple[Value, ...], kind: Kind) -> bool:
    """Of several answers one is enough, but `!=` holds if none is equal, so without any answer too (R4,
    questionnaire-enable-operator)."""
    if condition.operator is Operator.EXISTS:
        return bool(given) == condition.answer
    wanted = as_kind(condition.answer, kind)
    if wanted is None:
        wanted = condition.answer
    if condition.operator is Operator.EQUAL:
        return any(_same(one, wanted) for one in given)
    if condition.operator is Operator.NOT_EQUAL:
        return not any(_same(one, wanted) for one in given)
    return any(_compares(condition.operator, one, wanted) for one in given)


def _same(one: Value, other: Value) -> bool:
    return type(one) is type(other) and one == other


def _compares(how: Operator, one: Value, other: Value) -> bool:
    """Quantities compare in the same unit only: nothing is converted. Dates may have no answer: then none holds."""
    if (is_date(one) and is_date(other)) or (is_date_time(one) and is_date_time(other)):
        return (order := order_of(one, other)) is not None and COMPARES[how](order, 0)
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return one.unit == other.unit and COMPARES[how](one.number, other.number)
    return type(one) is type(other) and COMPARES[how](one, other)
