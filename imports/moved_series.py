"""Recognises the dates of a series that moved under the same UID.

The identity of each date is its original start, so a series moved from 9:00 to 11:00 has only dates that are gone and
dates that are new. Without this, each appointment is cancelled, its documents stay there, and another one is made.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from imports.calendar_reading import AHEAD, Calendar, series_of
from imports.models import CalendarItem, CalendarSubscription, ItemState

CLOSE = timedelta(days=31)  # between the two dates of a move, if the number of dates changed, too
New = tuple[datetime, str]  # start and key


def moved_dates(
    subscription: CalendarSubscription, items: Collection[CalendarItem], calendar: Calendar, now: datetime
) -> list[tuple[CalendarItem, str]]:
    """Rows of dates that are gone, each with the key of the new date that it moved to."""
    gone = defaultdict[str, list[CalendarItem]](list)
    for item in items:
        is_ahead = item.starts_at is not None and item.starts_at > now
        is_absent = item.key not in calendar.standing and item.key not in calendar.cancelled
        if item.series and is_absent and is_ahead and item.state == ItemState.FOLLOWED:
            gone[item.series].append(item)
    new = _new_dates(set(gone), {one.key: one for one in items}, subscription, calendar, now)
    return [pair for series, dates in gone.items() for pair in _paired(sorted(dates, key=_start), new[series])]


def _new_dates(
    wanted: Collection[str],
    items: dict[str, CalendarItem],
    subscription: CalendarSubscription,
    calendar: Calendar,
    now: datetime,
) -> dict[str, list[New]]:
    """By series, in order. A date that was too far ahead for the last reading is none to which another one moved."""
    new = defaultdict[str, list[New]](list)
    horizon = (subscription.full_at or now) + AHEAD
    for key, event in calendar.standing.items() if wanted else ():
        if event.fault or event.starts_at is None or not now < event.starts_at <= horizon:
            continue
        item = items.get(key)
        is_free = item is None or (item.appointment_id is None and item.state in (ItemState.ALIKE, ItemState.REFUSED))
        if is_free and (series := series_of(event)) in wanted:
            new[series].append((event.starts_at, key))
    for dates in new.values():
        dates.sort()
    return new


def _paired(gone: list[CalendarItem], new: list[New]) -> Iterator[tuple[CalendarItem, str]]:
    """In order if there are as many, else by the nearest date."""
    if len(gone) == len(new):
        yield from ((item, key) for item, (_at, key) in zip(gone, new, strict=True))
        return
    starts = [at for at, _key in new]
    near = [
        (abs(_start(item) - starts[number]), place, number)
        for place, item in enumerate(gone)
        for number in range(bisect_left(starts, _start(item) - CLOSE), bisect_right(starts, _start(item) + CLOSE))
    ]
    places, numbers = set[int](), set[int]()
    for _distance, place, number in sorted(near):
        if place not in places and number not in numbers:
            places.add(place)
            numbers.add(number)
            yield gone[place], new[number][1]


def _start(item: CalendarItem) -> datetime:
    assert item.starts_at is not None
    return item.starts_at
