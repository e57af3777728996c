"""A week of opening hours as it is typed: rows of a weekday, two times and reasons, kept with their faults."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import time

from django.http import QueryDict
from django.utils.translation import gettext as _

from appointments.models import VisitReason, Weekday
from appointments.models.opening import MIDNIGHT, hour_of_end
from appointments.opening_hours import MOST, Hours, faults_of_week
from patients.names import ascii_digits

ROW = re.compile(r"(?a:row-(\d{1,4})-day)")
HOUR = re.compile(r"(?a:(\d{1,2})(?:\s*[:hH.]\s*(\d{2})?)?|(\d{2})(\d{2}))")
WORKING_DAYS = (Weekday.TUESDAY, Weekday.WEDNESDAY, Weekday.THURSDAY, Weekday.FRIDAY)
PRESETS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "morning": (("09:00", "12:00"),),
    "afternoon": (("14:00", "18:00"),),
    "day": (("09:00", "12:00"), ("14:00", "18:00")),
    "night": (("20:00", "24:00"),),
}


@dataclass
class Row:
    """`number`: in the names of its fields."""

    number: int
    weekday: int
    start: str = ""
    end: str = ""
    reasons: list[str] = field(default_factory=list)
    error: str = ""
    is_new: bool = False  # gets the focus

    @property
    def name(self) -> str:
        return f"row-{self.number}"

    @property
    def is_empty(self) -> bool:
        return not self.start.strip() and not self.end.strip()


@dataclass
class WeekSheet:
    rows: list[Row]

    @classmethod
    def of(cls, week: Iterable[Hours]) -> WeekSheet:
        sheet = cls([])
        for one in week:
            reasons = [str(reason.pk) for reason in one.visit_reasons]
            sheet._append(one.weekday, f"{one.opens_at:%H:%M}", hour_of_end(one.closes_at), reasons)
        return sheet

    @classmethod
    def typed(cls, sent: QueryDict) -> WeekSheet:
        """As it was typed; unknown days are left out, and rows beyond twice the bound."""
        numbers = sorted(int(match[1]) for name in sent if (match := ROW.fullmatch(name)))
        sheet = cls([])
        for number in numbers[: 2 * MOST]:
            name = f"row-{number}"
            day = sent[f"{name}-day"]
            if day in {str(one.value) for one in Weekday}:
                typed = (sent.get(f"{name}-start", "")[:20], sent.get(f"{name}-end", "")[:20])
                sheet.rows.append(Row(number, int(day), *typed, reasons=sent.getlist(f"{name}-reasons")))
        return sheet

    def days(self) -> list[tuple[Weekday, list[Row]]]:
        return [(day, [row for row in self.rows if row.weekday == day]) for day in Weekday]

    @property
    def faults(self) -> list[Row]:
        return [row for row in self.rows if row.error]

    @property
    def blank(self) -> Row:
        """For the script: it puts the number and the day."""
        return Row(number=9999, weekday=0)

    def add(self, day: int) -> None:
        self._append(day, "", "", []).is_new = True

    def remove(self, number: int) -> None:
        self.rows = [row for row in self.rows if row.number != number]

    def copy_day(self, source: int, targets: Iterable[int]) -> None:
        """Put the rows of a day in place of those of other days."""
        copied = [row for row in self.rows if row.weekday == source and not row.is_empty]
        for day in set(targets) - {source}:
            self._clear(day)
            for row in copied:
                self._append(day, row.start, row.end, list(row.reasons))

    def preset(self, name: str, days: Iterable[int]) -> None:
        """Put ready-made hours in place of those of these days."""
        for day in days:
            self._clear(day)
            for start, end in PRESETS[name]:
                self._append(day, start, end, [])

    def hours(self, offered: Mapping[str, VisitReason]) -> list[Hours] | None:
        """The week, without empty rows; None with faults, which stand beside their rows."""
        by_row: list[tuple[Row, Hours]] = []
        for row in self.rows:
            if row.is_empty:
                continue
            start, end = hour_in(row.start), hour_in(row.end, as_end=True)
            if start is None:
                row.error = _("Écrivez l’heure de début ainsi : 09:00.")
            elif end is None:
                row.error = _("Écrivez l’heure de fin ainsi : 12:30, ou 24:00 pour la fin du jour.")
            else:
                reasons = [offered[pk] for pk in row.reasons if pk in offered]
                by_row.append((row, Hours(Weekday(row.weekday), start, end, reasons)))
        for number, fault in faults_of_week([(h.weekday, h.opens_at, h.closes_at) for _row, h in by_row]).items():
            by_row[number][0].error = fault
        return None if self.faults else [hours for _row, hours in by_row]

    def _clear(self, day: int) -> None:
        self.rows = [row for row in self.rows if row.weekday != day]

    def _append(self, day: int, start: str, end: str, reasons: list[str]) -> Row:
        number = max((row.number for row in self.rows), default=-1) + 1
        row = Row(number, int(day), start, end, reasons)
        self.rows.append(row)
        return row


def hour_in(typed: str, *, as_end: bool = False) -> time | None:
    """A time as people write it: 9, 9h, 9h30, 09:30, 0930. `as_end`: 24:00 is the end of the day. None otherwise."""
    match = HOUR.fullmatch(ascii_digits(typed).strip())
    if match is None:
        return None
    hour, minute = int(match[1] or match[3]), int(match[2] or match[4] or 0)
    if as_end and (hour, minute) == (24, 0):
        return MIDNIGHT
    return time(hour, minute) if hour < 24 and minute < 60 else None


def day_in(typed: str | None) -> int | None:
    return int(typed) if typed in {str(one.value) for one in Weekday} else None


def uuid_in(typed: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(typed or "")
    except ValueError:
        return None
