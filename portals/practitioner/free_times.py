"""The free times that the form of a new appointment shows for the chosen agenda and reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from appointments.models import Agenda, VisitReason
from appointments.staff_times import FreeDay, free_days
from portals.days import day_of

DAYS_SHOWN = 4


@dataclass(frozen=True)
class FreeTimes:
    """`days`: none if nothing is free within eight weeks. `chosen`: the time in the form, as its field writes it.
    `first`: the day asked for, "" for today;
    `later`: the first day of the next list, "" if there is none."""

    days: list[FreeDay]
    chosen: str
    first: str
    later: str
    is_later: bool

    @property
    def next(self) -> datetime | None:
        return self.days[0].times[0] if self.days else None


def free_times_shown(
    agenda: Agenda | None, visit_reason: VisitReason | None, *, first: str = "", chosen: str = ""
) -> FreeTimes | None:
    """`first`: the first day to show ("2026-11-24"), "" for today. None while agenda or reason is not chosen, or if
    the one does not offer the other."""
    if agenda is None or visit_reason is None or not agenda.visit_reasons.filter(pk=visit_reason.pk).exists():
        return None
    day: date | None = day_of(first)
    found = free_days(agenda, visit_reason, first=day, days=DAYS_SHOWN + 1)
    later = found[DAYS_SHOWN].day.isoformat() if len(found) > DAYS_SHOWN else ""
    return FreeTimes(found[:DAYS_SHOWN], chosen, first if day else "", later, is_later=day is not None)


def typed_moment(moment: object) -> str:
    """A time as the form's field writes it, from its initial value or from what was typed."""
    return f"{moment:%Y-%m-%dT%H:%M}" if isinstance(moment, datetime) else str(moment or "")
