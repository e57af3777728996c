"""Dates of a day, a month or a year, and dateTimes with a time or without: read, written, compared as FHIRPath
compares them, and judged within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from questionnaires.fhir.conditions import COMPARES, enabled_items
from questionnaires.fhir.dates import (
    AnyDate,
    AnyDateTime,
    Dated,
    PartialDate,
    PartialDateTime,
    first_day,
    fits_a_day,
    fits_a_month,
    fits_a_year,
    last_day,
    order_of,
)
from questionnaires.fhir.items import Item, Questions
from questionnaires.fhir.reading import read_questionnaire
from questionnaires.fhir.responses import faults_of_values, read_response, write_response
from questionnaires.fhir.values import Kind, NotAValue, Value, is_less, read_value, write_value
from tests.questionnaires import oracle
from tests.questionnaires.test_understood import BOUND, item, resource, when

HIGHEST = BOUND.replace("minValue", "maxValue")
DAYS = st.dates(date(2023, 11, 1), date(2025, 2, 28))
DATES: st.SearchStrategy[AnyDate] = st.one_of(
    DAYS,
    DAYS.map(lambda day: PartialDate(day.year, day.month)),
    DAYS.map(lambda day: PartialDate(day.year)),
)
OFFSETS = st.integers(-3, 3).map(lambda hours: timezone(timedelta(hours=hours)))
# Of the same day by UTC, which fhirpathpy compares a dateTime with a time by.
MOMENTS = st.builds(datetime.combine, DAYS, st.times(time(4), time(19, 59)), OFFSETS)
DATE_TIMES: st.SearchStrategy[AnyDateTime] = st.one_of(MOMENTS, DATES.map(PartialDateTime))
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
    assert _holding("date", one, other) == _judged("date", one, other)
    if order_of(one, other) is None:
        assert _holding("date", one, other) == {"when", "!="}


@FEW
@given(DATE_TIMES, DATE_TIMES)
@example(PartialDateTime(date(2024, 2, 29)), datetime(2024, 2, 29, 8, tzinfo=UTC))
@example(datetime(2024, 2, 29, 8, tzinfo=UTC), PartialDateTime(PartialDate(2024)))
@example(PartialDateTime(PartialDate(2024, 2)), PartialDateTime(PartialDate(2024)))
@example(datetime(2024, 2, 29, 8, tzinfo=UTC), datetime(2024, 2, 29, 9, tzinfo=timezone(timedelta(hours=1))))
def test_two_date_times_compare_as_fhirpath_says(one: AnyDateTime, other: AnyDateTime) -> None:
    assert _holding("dateTime", one, other) == _judged("dateTime", one, other)
    if order_of(one, other) is None:
        assert _holding("dateTime", one, other) == {"when", "!="}


def test_a_date_time_without_a_time_is_on_the_clock_of_the_other() -> None:
    """FHIRPath leaves it to us: whoever answers half past midnight, in Paris, means that day."""
    at = datetime(2026, 11, 29, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert order_of(at, PartialDateTime(date(2026, 11, 29))) is None
    assert _holding("dateTime", at, PartialDateTime(date(2026, 11, 28))) == {"when", "!=", ">", ">="}


def _asked(kind: str, one: Dated, other: Dated) -> tuple[dict[str, Any], dict[str, Any]]:
    """An answer, and a question for each operator that compares it with the other."""
    name = kind[0].upper() + kind[1:]
    questionnaire = resource(
        item("when", kind),
        *(
            item(operator, "string", enableWhen=[when("when", operator, **{f"answer{name}": _text(other)})])
            for operator in ("=", "!=", *COMPARES)
        ),
    )
    response = {
        "resourceType": "QuestionnaireResponse",
        "status": "in-progress",
        "item": [{"linkId": "when", "answer": [{f"value{name}": _text(one)}]}],
    }
    return questionnaire, response


def _text(value: Dated) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _holding(kind: str, one: Dated, other: Dated) -> frozenset[str]:
    questionnaire, response = _asked(kind, one, other)
    questions = read_questionnaire(questionnaire)
    return enabled_items(questions, read_response(questions, response))


def _judged(kind: str, one: Dated, other: Dated) -> set[str]:
    return oracle.enabled(*_asked(kind, one, other))


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


def _minutes(value: AnyDateTime) -> Iterator[datetime]:
    """Its ends and what is around them, on a clock of no place."""
    if isinstance(value, datetime):
        yield value.replace(tzinfo=None)
    else:
        for day in _days(value.on):
            yield datetime.combine(day, time.min)
            yield datetime.combine(day, time.max)


@FEW
@given(DATE_TIMES, st.none() | DATE_TIMES, st.none() | DATE_TIMES)
@example(PartialDateTime(date(2024, 2, 29)), datetime(2024, 2, 29, 8, tzinfo=UTC), None)
@example(PartialDateTime(date(2024, 2, 29)), PartialDateTime(date(2024, 2, 29)), PartialDateTime(PartialDate(2024)))
def test_a_date_time_is_within_bounds_if_all_of_it_is(
    value: AnyDateTime, low: AnyDateTime | None, high: AnyDateTime | None
) -> None:
    assume(low is None or high is None or not is_less(high, low))
    if isinstance(value, datetime):  # bounds with times in the same offset, so that clocks can be compared
        low, high = (one.replace(tzinfo=value.tzinfo) if isinstance(one, datetime) else one for one in (low, high))
    asked = Item("a", Kind.DATE_TIME, "Quand ?", low=low, high=high)
    inside = [
        (low is None or at >= min(_minutes(low))) and (high is None or at <= max(_minutes(high)))
        for at in _minutes(value)
    ]
    faults = [one.code for one in faults_of_values(Questions(items=(asked,)), {"a": (value,)})]
    if all(inside):
        assert not faults
    elif len(faults) == 1 and faults[0] in {"too_early", "too_late"}:
        assert not any(inside)
    else:
        assert faults == ["not_precise"]


@pytest.mark.parametrize("text", ["2026", "2026-11", "2026-11-29", "2026-11-29T08:30:00+01:00"])
def test_a_date_time_is_written_as_it_was_read(text: str) -> None:
    assert write_value(read_value("DateTime", text)) == {"valueDateTime": text}


@pytest.mark.parametrize("text", ["2026-11-29T08:30:00", "2026-11-", "2026-13", "2026-02-30", "08:30"])
def test_what_is_no_date_time_is_refused(text: str) -> None:
    with pytest.raises(NotAValue):
        read_value("DateTime", text)


def test_a_day_fits_between_bounds_that_hold_one_whole() -> None:
    def at(day: int, hour: int) -> datetime:
        return datetime(2026, 11, day, hour, tzinfo=UTC)

    assert fits_a_day(at(28, 8), at(30, 8))
    assert not fits_a_day(at(28, 8), at(29, 8))
    assert fits_a_day(PartialDateTime(date(2026, 11, 28)), at(29, 8))
    assert fits_a_day(None, at(29, 8))
    assert not fits_a_month(at(1, 8), at(30, 23))
    assert not fits_a_day(datetime.max.replace(tzinfo=UTC), PartialDateTime(date.max))


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
        item(
            "at",
            "dateTime",
            repeats=True,
            initial=[{"valueDateTime": "2024-05"}],
            extension=[
                {"url": BOUND, "valueDateTime": "1900"},
                {"url": HIGHEST, "valueDateTime": "2026-11-29T20:00:00+01:00"},
            ],
        ),
        item("pain", "text", enableWhen=[when("at", ">", answerDateTime="2026-11-28")]),
    )
    Questionnaire.model_validate(asked)
    questions = read_questionnaire(asked)
    assert questions.by_link_id["since"].initial == (PartialDate(2024, 5),)
    assert questions.by_link_id["season"].initial == (PartialDate(2024, 5),)
    dates = (PartialDate(1950), PartialDate(1950, 2), date(1950, 2, 1))
    noon = datetime(2026, 11, 29, 12, tzinfo=UTC)
    answers: dict[str, tuple[Value, ...]] = {
        "since": dates,
        "born": (PartialDate(2026, 11),),
        "season": (PartialDate(2024, 5),),
        "why": ("Là.",),
    }
    answers |= {"at": (PartialDateTime(PartialDate(2026)), PartialDateTime(date(2026, 11, 29)), noon)}
    assert enabled_items(questions, answers) == {"since", "born", "season", "why", "at", "pain"}
    assert [one.code for one in faults_of_values(questions, answers)] == ["not_precise", "not_precise"]
    answers["at"] = (PartialDateTime(PartialDate(2025)), PartialDateTime(date(2026, 11, 28)), noon)
    written = write_response(questions, answers, canonical="urn:uuid:1|1", completed=True)
    judged = QuestionnaireResponse.model_validate(written)
    assert [str(one["valueDate"]) for one in written["item"][0]["answer"]] == ["1950", "1950-02", "1950-02-01"]
    assert [one["valueDateTime"] for one in written["item"][4]["answer"]] == ["2025", "2026-11-28", noon.isoformat()]
    assert judged.status == "completed"
    assert read_response(questions, written) == answers
