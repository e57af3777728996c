"""Dates as FHIR R4 has them: of a day, of a month, or of a year; and how they compare (FHIRPath, comparison).

Two dates compare part by part, year first. If all parts that both have are the same, and one of them has more, there
is no answer. A date without a day stands for each of its days; it is within bounds if all of them are.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, date

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


def date_of(text: str) -> AnyDate:
    """Of the text in FHIR. Raises ValueError."""
    if not (found := WRITTEN.fullmatch(text)):
        raise ValueError("date")
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None  # the pattern has it
    return any_date(year, month if found[2] else None, day if found[3] else None)


def any_date(year: int, month: int | None, day: int | None) -> AnyDate:
    """A day has a month. Raises ValueError for a date that does not exist."""
    if day is None:
        return PartialDate(year, month)
    if month is None:
        raise ValueError("date")
    return date(year, month, day)


def order_of(one: AnyDate, other: AnyDate) -> int | None:
    """Below 0 if the first is earlier, above if it is later, 0 if they are equal; None without an answer."""
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


def fits_a_year(low: AnyDate | None, high: AnyDate | None) -> bool:
    """Whether a year alone may be within these bounds."""
    return low is None or high is None or _fits(PartialDate(first_day(low).year), low, high, months=12)


def fits_a_month(low: AnyDate | None, high: AnyDate | None) -> bool:
    """Whether a month without a day may be within these bounds."""
    if low is None or high is None:
        return True
    return _fits(PartialDate(first_day(low).year, first_day(low).month), low, high, months=1)


def _fits(begun: PartialDate, low: AnyDate, high: AnyDate, *, months: int) -> bool:
    """Whether the month or year that `low` is in, or the next one, is within the bounds."""
    if first_day(begun) < first_day(low):
        count = begun.year * 12 + (begun.month or 1) - 1 + months
        if count // 12 > MAXYEAR:
            return False
        begun = PartialDate(count // 12, None if begun.month is None else count % 12 + 1)
    return last_day(begun) <= last_day(high)


def _parts(value: AnyDate) -> tuple[int, ...]:
    if not isinstance(value, PartialDate):
        return (value.year, value.month, value.day)
    return (value.year,) if value.month is None else (value.year, value.month)
