"""The score: the sum of the ordinal values of the chosen options. Its words are the practice's own, never ours."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from questionnaires.fhir.conditions import Answers, effective, enabled_items
from questionnaires.fhir.items import Questions


@dataclass(frozen=True)
class Score:
    """`complete`: whether each enabled question that counts has an answer."""

    total: Decimal
    words: str
    complete: bool


def score_of(questions: Questions, answers: Answers) -> Score | None:
    """None for a questionnaire without ordinal values, and before the first answer that counts."""
    given = effective(questions, answers)
    counted = [item for item in questions.walk() if any(option.ordinal is not None for option in item.options)]
    chosen = [
        option.ordinal
        for item in counted
        for option in item.options
        if option.ordinal is not None and option.value in given.get(item.link_id, ())
    ]
    if not chosen:
        return None
    total = sum(chosen, Decimal(0))
    words = next((one.words for one in questions.ranges if one.holds(total)), "")
    return Score(total, words, complete=_all_answered(questions, answers, {item.link_id for item in counted}))


def _all_answered(questions: Questions, answers: Answers, counted: set[str]) -> bool:
    given = effective(questions, answers)
    return all(link_id in given for link_id in counted & enabled_items(questions, answers))
