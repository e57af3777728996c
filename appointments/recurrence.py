"""The dates of a series of appointments: so many times, every so many weeks, on some weekdays, at one time of the
practice's clock."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from appointments.openings import moment_on_clock

MOST = 30  # appointments: more than a year of weekly care is planned in two steps


def recurring(
    first: datetime, *, times: int, every: int = 1, weekdays: Collection[int] = (), zone: ZoneInfo
) -> list[datetime]:
    """`times` moments from `first`, in the time zone `zone`. `every`: weeks from one to the next. `weekdays`
    (Monday is 0): beside the weekday of `first`.

    09:00 stays 09:00 when clocks change; a time that the clock skips is the moment when it skips it.
    """
    local = first.astimezone(zone)
    clock, begins = local.time(), local.date()
    wanted = sorted({begins.weekday(), *weekdays})
    monday = begins - timedelta(days=begins.weekday())
    days: list[date] = []
    while len(days) < times:
        of_week = (monday + timedelta(days=weekday) for weekday in wanted)
        days += [day for day in of_week if day >= begins]
        monday += timedelta(weeks=every)
    return [moment_on_clock(day, clock, zone).astimezone(zone) for day in days[:times]]
