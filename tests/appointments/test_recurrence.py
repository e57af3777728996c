"""The dates of a series: weekdays, weeks between, and the clock when summer time begins or ends."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from appointments.recurrence import recurring

PARIS = ZoneInfo("Europe/Paris")


def written(found: list[datetime]) -> list[str]:
    return [f"{one:%Y-%m-%d %H:%M}" for one in found]


def test_nine_oclock_stays_nine_oclock_when_clocks_change() -> None:
    first = datetime(2027, 3, 23, 9, 0, tzinfo=PARIS)
    found = recurring(first, times=3, zone=PARIS)
    assert written(found) == ["2027-03-23 09:00", "2027-03-30 09:00", "2027-04-06 09:00"]
    assert [one.astimezone(UTC).hour for one in found] == [8, 7, 7]


def test_every_second_week_on_two_weekdays_begins_with_the_first_date() -> None:
    thursday = datetime(2026, 12, 3, 9, 0, tzinfo=PARIS)
    found = recurring(thursday, times=5, every=2, weekdays=[1], zone=PARIS)
    assert written(found) == [
        "2026-12-03 09:00",
        "2026-12-15 09:00",
        "2026-12-17 09:00",
        "2026-12-29 09:00",
        "2026-12-31 09:00",
    ]
