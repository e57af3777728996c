"""Answers in words: on the patient's last page, and for staff."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

from django.utils.translation import gettext as _

from portals.answer_dates import clock_words, date_words
from portals.questions import decimal_words
from questionnaires.fhir.checks import coding_words
from questionnaires.fhir.conditions import Answers, enabled_items
from questionnaires.fhir.dates import PartialDate, PartialDateTime
from questionnaires.fhir.items import Item, Questions
from questionnaires.fhir.values import Coding, Quantity, Value


@dataclass(frozen=True)
class Answered:
    """One question that is asked, and what was answered: nothing for no answer."""

    item: Item
    answers: tuple[str, ...]


def answered(questions: Questions, answers: Answers, items: tuple[Item, ...]) -> Iterator[Answered]:
    """The questions of these items that are asked, in the order of the page."""
    enabled = enabled_items(questions, answers)
    for item in (one for top in items for one in top.walk()):
        if item.is_asked and item.link_id in enabled:
            yield Answered(item, tuple(in_words(item, value) for value in answers.get(item.link_id, ())))


def in_words(item: Item, value: Value) -> str:
    match value:
        case bool():
            return _("Oui") if value else _("Non")
        case Coding():
            return coding_words(item, value)
        case Quantity():
            return f"{decimal_words(value.number)}\u00a0{value.unit}".rstrip()
        case Decimal():
            return decimal_words(value)
        case date() | PartialDate() | PartialDateTime():
            return date_words(value)
        case time():
            return clock_words(value)
    return str(value)
