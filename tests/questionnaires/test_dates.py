"""Dates of a day, a month or a year: read, written, compared as FHIRPath compares them, and judged within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from questionnaires.fhir.conditions import COMPARES, enabled_items
from questionnaires.fhir.dates import AnyDate, PartialDate, first_day, fits_a_month, fits_a_year, last_day, order_of
from questionnaires.fhir.items import Item, Questions
from questionnaires.fhir.reading import read_questionnaire
from questionnaires.fhir.responses import faults_of_values, read_response, write_response
from questionnaires.fhir.values import Kind, NotAValue, is_less, read_value, write_value
from tests.questionnaires import oracle
from tests.questionnaires.test_understood import BOUND, item, resource, when

HIGHEST = BOUND.replace("minValue", "maxValue")
DAYS = st.dates(date(2023, 11, 1), date(2025, 2, 28))
DATES: st.SearchStrategy[AnyDate] = st.one_of(
    DAYS,
    DAYS.map(lambda day: PartialDate(day.year, day.month)),
    DAYS.map(lambda day: PartialDate(day.year)),
)
FEW = settings(max_examples=200, deadline=None, database=None)


@pytest.mark.parametrize("text", ["0001", "2026", "9999", "2026-11", "0987-12", "2026-11-29"])
def test_a_date_is_written_as_it_was_read(text: str) -> None:
    assert write_value(read_value("Date", text)) == {"valueDate": text}


@pytest.mark.parametrize(
    "text",
    ["0000", "26", "02026", "2026-00", "2026-13", "2026-1", "2026-", "2026-02-30", "2026-11-", "٢٠٢٦", " 2026"],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(NotAValue):
        read_value("Date", text)


@FEW
@given(DATES, DATES)
@example(PartialDate(2024), date(2024, 2, 29))
@example(PartialDate(2024, 2), PartialDate(2024))
def test_two_dates_compare_as_fhirpath_says(one: AnyDate, other: AnyDate) -> None:
    questionnaire = resource(
        item("when", "date"),
        *(
            item(operator, "string", enableWhen=[when("when", operator, answerDate=str(other))])
            for operator in ("=", "!=", *COMPARES)
        ),
    )
    response = {
        "resourceType": "QuestionnaireResponse",
        "status": "in-progress",
        "item": [{"linkId": "when", "answer": [{"valueDate": str(one)}]}],
    }
    questions = read_questionnaire(questionnaire)
    enabled = enabled_items(questions, read_response(questions, response))
    assert enabled == oracle.enabled(questionnaire, response)
    if order_of(one, other) is None:
        assert enabled == {"when", "!="}


def _days(value: AnyDate) -> Iterator[date]:
    day = first_day(value)
    while day <= last_day(value):
        yield day
        day += timedelta(days=1)


@FEW
@given(DATES, st.none() | DATES, st.none() | DATES)
@example(PartialDate(2024, 2), None, date(2024, 2, 29))
@example(PartialDate(2024), PartialDate(2024), PartialDate(2024))
def test_a_date_is_within_bounds_if_each_of_its_days_is(
    value: AnyDate, low: AnyDate | None, high: AnyDate | None
) -> None:
    assume(low is None or high is None or not is_less(high, low))  # such bounds are refused (checks.py)
    asked = Item("a", Kind.DATE, "Quand ?", low=low, high=high)
    inside = [
        (low is None or day >= first_day(low)) and (high is None or day <= last_day(high)) for day in _days(value)
    ]
    faults = [one.code for one in faults_of_values(Questions(items=(asked,)), {"a": (value,)})]
    if all(inside):
        assert not faults
    elif any(inside):
        assert faults == ["not_precise"]
    else:
        assert len(faults) == 1
        assert faults[0] in {"too_early", "too_late"}


@FEW
@given(DATES, DATES)
def test_a_part_may_be_left_out_if_some_date_without_it_is_within_bounds(low: AnyDate, high: AnyDate) -> None:
    def some(*, months: bool) -> bool:
        each = [
            PartialDate(year, month) for year in range(2022, 2027) for month in (range(1, 13) if months else [None])
        ]
        return any(first_day(one) >= first_day(low) and last_day(one) <= last_day(high) for one in each)

    assert fits_a_year(low, high) == some(months=False)
    assert fits_a_month(low, high) == some(months=True)
    assert fits_a_month(None, high)
    assert fits_a_year(low, None)


def test_a_questionnaire_and_its_answers_may_have_dates_of_each_precision() -> None:
    options = [{"valueDate": "2024"}, {"valueDate": "2024-05", "initialSelected": True}, {"valueDate": "2024-05-31"}]
    asked: dict[str, Any] = resource(
        item("since", "date", initial=[{"valueDate": "2024-05"}], repeats=True),
        item(
            "born", "date", extension=[{"url": BOUND, "valueDate": "1900"}, {"url": HIGHEST, "valueDate": "2026-11"}]
        ),
        item("season", "choice", answerOption=options),
        item("why", "text", enableWhen=[when("season", answerDate="2024-05")]),
    )
    Questionnaire.model_validate(asked)
    questions = read_questionnaire(asked)
    assert questions.by_link_id["since"].initial == (PartialDate(2024, 5),)
    assert questions.by_link_id["season"].initial == (PartialDate(2024, 5),)
    dates = (PartialDate(1950), PartialDate(1950, 2), date(1950, 2, 1))
    answers = {"since": dates, "born": (PartialDate(2026, 11),), "season": (PartialDate(2024, 5),), "why": ("Là.",)}
    assert enabled_items(questions, answers) == {"since", "born", "season", "why"}
    written = write_response(questions, answers, canonical="urn:uuid:1|1", completed=True)
    judged = QuestionnaireResponse.model_validate(written)
    assert [str(one["valueDate"]) for one in written["item"][0]["answer"]] == ["1950", "1950-02", "1950-02-01"]
    assert judged.status == "completed"
    assert read_response(questions, written) == answers
