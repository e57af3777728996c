"""Dates as FHIR R4 has them: of a day, of a month, or of a year; dateTimes, which may have a time, too; and how they
compare (FHIRPath, comparison).

Two of them compare part by part, year first. If all parts that both have are the same, and one of them has more,
there is no answer. One without a day stands for each of its days; it is within bounds if all of them are. A dateTime
without a time has no offset: it is on the clock of what it is compared with, a choice that FHIRPath leaves to us.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, time, timedelta

WRITTEN = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


@dataclass(frozen=True)
class PartialDate:
    """A year, or a month of it. Raises ValueError for one that does not exist."""

    year: int
    month: int | None = None

    def __post_init__(self) -> None:
        date(self.year, 1 if self.month is None else self.month, 1)

    def __str__(self) -> str:
        return f"{self.year:04}" if self.month is None else f"{self.year:04}-{self.month:02}"


AnyDate = date | PartialDate


@dataclass(frozen=True)
class PartialDateTime:
    """A dateTime without a time."""

    on: AnyDate

    def __str__(self) -> str:
        return str(self.on)


AnyDateTime = datetime | PartialDateTime
Dated = AnyDate | AnyDateTime


def date_of(text: str) -> AnyDate:
    """Of the text in FHIR. Raises ValueError."""
    if not (found := WRITTEN.fullmatch(text)):
        raise ValueError("date")
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None  # the pattern has it
    return any_date(year, month if found[2] else None, day if found[3] else None)


def date_time_of(text: str) -> AnyDateTime:
    """Of the text in FHIR. Raises ValueError."""
    return PartialDateTime(date_of(text)) if WRITTEN.fullmatch(text) else datetime.fromisoformat(text)


def any_date(year: int, month: int | None, day: int | None) -> AnyDate:
    """A day has a month. Raises ValueError for a date that does not exist."""
    if day is None:
        return PartialDate(year, month)
    if month is None:
        raise ValueError("date")
    return date(year, month, day)


def order_of(one: Dated, other: Dated) -> int | None:
    """Below 0 if the first is earlier, above if it is later, 0 if they are equal; None without an answer."""
    if isinstance(one, datetime) and isinstance(other, datetime):
        return (one > other) - (one < other)
    left, right = _parts(one), _parts(other)
    for mine, its in zip(left, right, strict=False):
        if mine != its:
            return mine - its
    return 0 if len(left) == len(right) else None


def first_day(value: AnyDate) -> date:
    return date(value.year, value.month or 1, 1) if isinstance(value, PartialDate) else value


def last_day(value: AnyDate) -> date:
    if not isinstance(value, PartialDate):
        return value
    month = value.month or 12
    return date(value.year, month, monthrange(value.year, month)[1])


def is_before(one: Dated, other: Dated) -> bool:
    """Whether the whole of the first is before the whole of the other."""
    if isinstance(one, datetime) and isinstance(other, datetime):
        return one < other
    return _end(one) < _begin(other)


def begins_before(one: Dated, other: Dated) -> bool:
    if isinstance(one, datetime) and isinstance(other, datetime):
        return one < other
    return _begin(one) < _begin(other)


def ends_after(one: Dated, other: Dated) -> bool:
    if isinstance(one, datetime) and isinstance(other, datetime):
        return one > other
    return _end(one) > _end(other)


def _begin(value: Dated) -> datetime:
    """On its own clock."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return datetime.combine(first_day(_day_of(value)), time.min)


def _end(value: Dated) -> datetime:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return datetime.combine(last_day(_day_of(value)), time.max)


def _day_of(value: AnyDate | PartialDateTime) -> AnyDate:
    return value.on if isinstance(value, PartialDateTime) else value


def fits_a_year(low: Dated | None, high: Dated | None) -> bool:
    """Whether a year alone may be within these bounds."""
    return low is None or high is None or _fits(PartialDate(_begin(low).year), low, high, months=12)


def fits_a_month(low: Dated | None, high: Dated | None) -> bool:
    """Whether a month without a day may be within these bounds."""
    if low is None or high is None:
        return True
    return _fits(PartialDate(_begin(low).year, _begin(low).month), low, high, months=1)


def fits_a_day(low: Dated | None, high: Dated | None) -> bool:
    """Whether a day without a time may be within these bounds."""
    if low is None or high is None:
        return True
    day = _begin(low).date()
    if begins_before(day, low):
        if day == date.max:
            return False
        day += timedelta(days=1)
    return not ends_after(day, high)


def _fits(begun: PartialDate, low: Dated, high: Dated, *, months: int) -> bool:
    """Whether the month or year that `low` is in, or the next one, is within the bounds."""
    if begins_before(begun, low):
        count = begun.year * 12 + (begun.month or 1) - 1 + months
        if count // 12 > MAXYEAR:
            return False
        begun = PartialDate(count // 12, None if begun.month is None else count % 12 + 1)
    return not ends_after(begun, high)


def _parts(value: Dated) -> tuple[int, ...]:
    if isinstance(value, PartialDateTime):
        return _parts(value.on)
    if isinstance(value, datetime):
        return (value.year, value.month, value.day, value.hour)  # one more than any other has
    if not isinstance(value, PartialDate):
        return (value.year, value.month, value.day)
    return (value.year,) if value.month is None else (value.year, value.month)
