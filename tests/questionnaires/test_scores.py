"""The sum of what was chosen, and the practice's words for it."""

from __future__ import annotations

from decimal import Decimal

from questionnaires.fhir.reading import read_questionnaire
from questionnaires.fhir.scores import score_of
from questionnaires.fhir.values import Coding
from tests.questionnaires.test_understood import ORDINAL, item, resource, score_range, when


def test_a_score_sums_what_is_asked_and_finds_its_words() -> None:
    scale = [
        {"valueCoding": {"code": code}, "extension": [{"url": ORDINAL, "valueDecimal": number}]}
        for code, number in [("no", 0), ("some", 1.5), ("yes", 3)]
    ]
    questions = read_questionnaire(
        resource(
            item("pain", "choice", answerOption=scale, repeats=True),
            item("hidden", "boolean"),
            item(
                "sleep", "choice", answerOption=scale, enableWhen=[when("hidden", answerBoolean=True)]
            ),
            extension=[score_range(high=2), score_range(low=3)],
        )
    )  # fmt: skip
    yes, some = Coding("", "yes"), Coding("", "some")
    assert score_of(questions, {}) is None
    score = score_of(questions, {"pain": (some,), "sleep": (yes,)})
    assert score is not None
    assert (score.total, score.words, score.complete) == (Decimal("1.5"), "Parlons-en.", True)  # sleep is not asked
    between = score_of(questions, {"pain": (some, yes), "hidden": (True,)})
    assert between is not None
    assert (between.total, between.complete) == (Decimal("4.5"), False)
    assert questions.ranges[0].holds(between.total) is False
