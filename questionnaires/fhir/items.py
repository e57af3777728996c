"""A questionnaire that is understood: what reading.py makes of the JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from questionnaires.fhir.values import NOT_ASKED, Coding, Kind, Value


class Operator(StrEnum):
    EXISTS = "exists"
    EQUAL = "="
    NOT_EQUAL = "!="
    GREATER = ">"
    LESS = "<"
    AT_LEAST = ">="
    AT_MOST = "<="


@dataclass(frozen=True)
class Condition:
    """One `enableWhen`: the answers of `question` compared with `answer`."""

    question: str
    operator: Operator
    answer: Value


@dataclass(frozen=True)
class Option:
    value: Value
    ordinal: Decimal | None = None

    @property
    def words(self) -> str:
        return (self.value.display or self.value.code) if isinstance(self.value, Coding) else str(self.value)


@dataclass(frozen=True)
class Item:
    """`unit`: of a quantity. `every`: whether all conditions must hold (enableBehavior), or one."""

    link_id: str
    kind: Kind
    text: str = ""
    prefix: str = ""
    help: str = ""
    required: bool = False
    repeats: bool = False
    conditions: tuple[Condition, ...] = ()
    every: bool = True
    options: tuple[Option, ...] = ()
    initial: tuple[Value, ...] = ()
    max_length: int | None = None
    low: Value | None = None
    high: Value | None = None
    unit: str = ""
    items: tuple[Item, ...] = ()

    @property
    def is_asked(self) -> bool:
        return self.kind not in NOT_ASKED

    def walk(self) -> Iterator[Item]:
        """The item and all below it, in the order of the page."""
        yield self
        for below in self.items:
            yield from below.walk()


@dataclass(frozen=True)
class ScoreRange:
    """The practice's words for sums from `low` to `high`, both included; None: without a bound."""

    low: Decimal | None
    high: Decimal | None
    words: str

    def holds(self, score: Decimal) -> bool:
        return (self.low is None or self.low <= score) and (self.high is None or score <= self.high)


@dataclass(frozen=True)
class Questions:
    """The content of a Questionnaire."""

    title: str = ""
    description: str = ""
    items: tuple[Item, ...] = ()
    ranges: tuple[ScoreRange, ...] = ()

    def walk(self) -> Iterator[Item]:
        for item in self.items:
            yield from item.walk()

    @cached_property
    def by_link_id(self) -> dict[str, Item]:
        return {item.link_id: item for item in self.walk()}

    @cached_property
    def has_score(self) -> bool:
        return any(option.ordinal is not None for item in self.walk() for option in item.options)
