"""Places what a column of the agenda shows on a grid of five minutes a row, side by side where times overlap.

Rows and lanes are class names (`at-12 for-4 lane-2`) that static/css/agenda_rows.css lays out, because pages allow no
inline style.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from appointments.openings import Span

ROW_MINUTES = 5
ROWS_AN_HOUR = 60 // ROW_MINUTES
MOST_LANES = 12  # side by side; more share the last
BRIEF = 6  # rows: shorter ones have room for one line of words
USUAL_HOURS = (8, 19)  # shown where nothing else says when the day begins and ends
T = TypeVar("T")


@dataclass(frozen=True)
class Hours:
    """The hours that a grid shows: from the hour `first` to the hour `end` (at most 24) of the practice's clock."""

    first: int
    end: int
    zone: ZoneInfo

    @property
    def rows(self) -> int:
        return (self.end - self.first) * ROWS_AN_HOUR

    @property
    def labels(self) -> list[tuple[str, str]]:
        """Classes and text of each hour: ("at-12 for-12", "09:00")."""
        return [
            (f"at-{index * ROWS_AN_HOUR} for-{ROWS_AN_HOUR}", f"{hour:02}:00")
            for index, hour in enumerate(range(self.first, self.end))
        ]

    def row_of(self, moment: datetime, day: date, *, up: bool = False) -> int:
        """The row that contains the moment, on the clock of that day; 0 or `rows` if outside.

        `up`: the first row that begins at the moment or later: where something ends.
        """
        local = moment.astimezone(self.zone)
        if local.date() != day:
            return 0 if local.date() < day else self.rows
        minutes = (local.hour - self.first) * 60 + local.minute
        row = -(-minutes // ROW_MINUTES) if up else minutes // ROW_MINUTES
        return max(0, min(self.rows, row))

    def place_of(self, span: Span, day: date) -> tuple[int, int] | None:
        """First row and number of rows of this time on that day; None if nothing of it is shown."""
        first, end = self.row_of(span[0], day), self.row_of(span[1], day, up=True)
        if first == self.rows or (end == 0 and span[1].astimezone(self.zone).date() <= day):
            return None
        return first, max(1, end - first)


def hours_of(spans: Iterable[Span], days: Sequence[date], zone: ZoneInfo) -> Hours:
    """The whole hours around everything on these days; the usual hours if there is nothing."""
    firsts, ends = [], []
    shown = set(days)
    for start, end in spans:
        local_start, local_end = start.astimezone(zone), end.astimezone(zone)
        last = (local_end - timedelta.resolution).date()  # nothing of the day that begins where it ends
        if last == local_start.date() == local_end.date():  # nearly all
            if last in shown:
                firsts.append(local_start.hour)
                ends.append(_hour_after(local_end))
            continue
        for day in days:
            if local_start.date() <= day <= last:
                firsts.append(local_start.hour if local_start.date() == day else 0)
                ends.append(_hour_after(local_end) if local_end.date() == day else 24)
    return Hours(min(firsts, default=USUAL_HOURS[0]), max(ends, default=USUAL_HOURS[1]), zone)


def _hour_after(moment: datetime) -> int:
    return moment.hour + (moment.time() > time(moment.hour)) or 1


@dataclass(frozen=True)
class Placed(Generic[T]):
    """Something shown in a column, with the classes that place it."""

    content: T
    classes: str


def side_by_side(items: Iterable[T], place_of: Callable[[T], tuple[int, int] | None]) -> tuple[list[Placed[T]], int]:
    """Each that has a place, in order of time, and how many lanes the column needs."""
    placed = [(place, one) for one in items if (place := place_of(one)) is not None]
    placed.sort(key=lambda pair: pair[0])
    groups: list[list[tuple[tuple[int, int], int, T]]] = []  # of what overlaps, each with its lane
    busy: list[int] = []  # the row where each lane of the last group becomes free
    for (row, rows), one in placed:
        if not groups or row >= max(busy):
            groups.append([])
            busy = []
        lane = next((index for index, free_at in enumerate(busy) if free_at <= row), len(busy))
        lane = min(lane, MOST_LANES - 1)
        busy[lane : lane + 1] = [row + rows]
        groups[-1].append(((row, rows), lane, one))
    lasts = [max(lane for _, lane, _ in group) for group in groups]
    lanes = 1 + max(lasts, default=0)
    return [
        _in_lane(place, lane, one, last)
        for group, last in zip(groups, lasts, strict=True)
        for place, lane, one in group
    ], lanes


def _in_lane(place: tuple[int, int], lane: int, one: T, last: int) -> Placed[T]:
    to_end = " to-end" if lane == last else ""  # the last lane of a group takes the width that is left
    brief = " brief" if place[1] < BRIEF else ""
    return Placed(one, f"at-{place[0]} for-{place[1]} lane-{lane + 1}{to_end}{brief}")
