"""The dates of a calendar's events (RFC 5545), within limits of time. Runs in the sandbox; imports no Django.

A rule may never end (INTERVAL=0), or search thousands of years for a date (30 February), and the libraries that
expand rules do not stop by themselves. So each UID has a limit of processor time here, and the sandbox limits the
whole calendar.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

from imports.reading.folding import unfolded

SECONDS = 2.0  # processor time of one UID; a thousand dates take a tenth of it
MOST_TIMES_A_DAY = 10
MOST_DATES = 1000  # of one event
UID = re.compile(r"^UID[^:]*:(.*)$", re.IGNORECASE)
CANCELLED = {"CANCELLED", "CANCELED"}
DECIDES_NOTHING = ("SEQUENCE", "DTSTAMP", "CREATED", "LAST-MODIFIED", "DESCRIPTION", "UID")
FAULTS = ("unreadable", "unknown_zone", "all_day", "too_frequent", "too_many", "endless", "twice")
# What the libraries raise for a property that they cannot read.
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError)


@dataclass(frozen=True)
class Occurrence:
    """`fault`: one of FAULTS, with `name` in some. `of_series`: the fault stands for all dates of the UID."""

    line: int
    uid: str
    key: str
    starts_at: str | None = None
    ends_at: str | None = None
    summary: str = ""
    people: tuple[tuple[str, str], ...] = ()  # name, email
    categories: str = ""
    is_cancelled: bool = False
    fault: str = ""
    name: str = ""
    of_series: bool = False


@dataclass
class _Block:
    line: int
    text: list[str] = field(default_factory=list)
    uid: str = ""


class _TooLong(BaseException):
    """No Exception, because libraries swallow those."""


def expand(source: str, target: str, zone: str, span: tuple[str, str], most: int) -> object:
    """Write one JSON object a line to `target` for each date in the file `source` (UTF-8).

    `zone`: of times without one. `span`: ISO 8601, dates of recurring events outside are left out. Returns
    {"refused": "no_calendar" or "too_many"} or {}.
    """
    since, until = (datetime.fromisoformat(one) for one in span)
    with open(source, encoding="utf-8", newline="") as text:
        parts = _blocks(iter(text))
    if parts is None:
        return {"refused": "no_calendar"}
    zones, by_uid = parts
    count = 0
    signal.signal(signal.SIGVTALRM, _stop)
    with open(target, "w", encoding="utf-8") as output:
        for blocks in by_uid.values():
            for one in _within_limits(blocks, zones, ZoneInfo(zone), (since, until)):
                output.write(json.dumps(asdict(one)) + "\n")
                count += 1
            if count > most:
                return {"refused": "too_many"}
    return {}


def _stop(number: int, frame: FrameType | None) -> None:
    raise _TooLong


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _within_limits(
    blocks: list[_Block], zones: list[str], zone: ZoneInfo, span: tuple[datetime, datetime]
) -> list[Occurrence]:
    try:
        with _at_most(SECONDS):
            return list(_dates_of(blocks, zones, zone, span))
    except _TooLong:
        return [_fault(blocks[0], "endless")]


def _blocks(lines: Iterator[str]) -> tuple[list[str], dict[str, list[_Block]]] | None:
    """The lines of all VTIMEZONE, and the VEVENT of each UID; None if the text is no calendar."""
    zones: list[str] = []
    by_uid: dict[str, list[_Block]] = {}
    block: _Block | None = None
    is_calendar = in_zone = False
    depth = 0
    for number, line in unfolded(lines):
        bare = line.strip().upper()
        is_calendar = is_calendar or bare == "BEGIN:VCALENDAR"
        if bare == "BEGIN:VTIMEZONE":
            in_zone = True
        if in_zone:
            zones.append(line)
            in_zone = bare != "END:VTIMEZONE"
        elif bare == "BEGIN:VEVENT":
            block, depth = _Block(number, [line]), 0
        elif block is not None:
            block.text.append(line)
            depth += bare.startswith("BEGIN:") - (bare.startswith("END:") and bare != "END:VEVENT")
            if depth == 0 and (named := UID.match(line)):
                block.uid = named[1].strip()
            if bare == "END:VEVENT":
                block.uid = block.uid or hashlib.sha256("\n".join(block.text).encode()).hexdigest()
                by_uid.setdefault(block.uid, []).append(block)
                block = None
    return (zones, by_uid) if is_calendar else None


def _dates_of(
    blocks: list[_Block], zones: list[str], zone: ZoneInfo, span: tuple[datetime, datetime]
) -> Iterator[Occurrence]:
    """Events are read one UID at a time, with the time zones of the file: a damaged event leaves the others
    readable."""
    text = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//docshare//", *zones]
    text += [line for one in blocks for line in one.text]
    try:
        calendar = icalendar.Calendar.from_ical("\r\n".join([*text, "END:VCALENDAR", ""]))
        events = list(calendar.walk("VEVENT"))
        if any(one.get("RRULE") or one.get("RDATE") for one in events):
            if fault := _fault_of_rules(events):
                yield _fault(blocks[0], fault)
                return
            yield from _recurring(calendar, blocks, zone, span)
            return
        for block, event in zip(blocks, events, strict=True):
            yield _event(block, event, zone)
    except UNREADABLE:
        yield _fault(blocks[0], "unreadable")


def _recurring(
    calendar: icalendar.Calendar, blocks: list[_Block], zone: ZoneInfo, span: tuple[datetime, datetime]
) -> Iterator[Occurrence]:
    dates = recurring_ical_events.of(calendar, keep_recurrence_attributes=False).between(*span)
    for number, event in enumerate(dates, 1):
        if number > MOST_DATES:
            yield Occurrence(blocks[0].line, blocks[0].uid, f"{blocks[0].uid} more", fault="too_many", of_series=True)
            return
        yield _event(blocks[0], event, zone)


def _fault_of_rules(events: list[icalendar.Component]) -> str:
    for rule in (rule for event in events for rule in _listed(event.get("RRULE"))):
        often = {str(one).upper() for one in rule.get("FREQ", [])} & {"SECONDLY", "MINUTELY", "HOURLY"}
        times = math.prod(max(len(rule.get(part, [])), 1) for part in ("BYHOUR", "BYMINUTE", "BYSECOND"))
        if often or times > MOST_TIMES_A_DAY:  # millions of dates in a year, and no appointment
            return "too_frequent"
        if any(int(one) < 1 for one in rule.get("INTERVAL", [])):  # RFC 5545, 3.3.10: it would never end
            return "endless"
    return "twice" if _is_ambiguous(events) else ""


def _is_ambiguous(events: list[icalendar.Component]) -> bool:
    """Whether two different events have one RECURRENCE-ID, or none both."""
    known: dict[bytes, bytes] = {}
    for event in events:
        recurrence = event.get("RECURRENCE-ID")
        key = b"" if recurrence is None else recurrence.to_ical()
        says = b"\n".join(
            name.encode() + b"".join(getattr(one, "to_ical", str(one).encode)() for one in _listed(event[name]))
            for name in sorted(event)
            if name not in DECIDES_NOTHING
        )
        if known.setdefault(key, says) != says:
            return True
    return False


def _event(block: _Block, event: icalendar.Component, zone: ZoneInfo) -> Occurrence:
    recurrence = event.get("RECURRENCE-ID")
    key = block.uid if recurrence is None else f"{block.uid} {_utc(recurrence.dt, zone).isoformat()}"
    start = event.get("DTSTART")
    if start is None:
        return Occurrence(block.line, block.uid, key, fault="unreadable")
    cancelled = str(event.get("STATUS", "")).upper() in CANCELLED
    if not isinstance(start.dt, datetime):
        day = _utc(start.dt, zone).isoformat()
        return Occurrence(block.line, block.uid, key, day, is_cancelled=cancelled, fault="all_day")
    if start.dt.tzinfo is None and "TZID" in start.params:
        return Occurrence(block.line, block.uid, key, fault="unknown_zone", name=str(start.params["TZID"]))
    starts_at = _utc(start.dt, zone)
    if (end := event.get("DTEND")) is not None:
        ends_at = _utc(end.dt, zone)
    else:
        lasts = event.get("DURATION")
        ends_at = starts_at + (lasts.dt if lasts is not None else timedelta())
    return Occurrence(
        block.line,
        block.uid,
        key,
        starts_at.isoformat(),
        ends_at.isoformat(),
        summary=str(event.get("SUMMARY", "")).strip(),
        people=tuple(_people(event)),
        categories=_categories(event),
        is_cancelled=cancelled,
    )


def _fault(block: _Block, fault: str) -> Occurrence:
    return Occurrence(block.line, block.uid, block.uid, fault=fault, of_series=True)


def _utc(moment: date, zone: ZoneInfo) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 (the zone follows)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _people(event: icalendar.Component) -> Iterator[tuple[str, str]]:
    for one in _listed(event.get("ATTENDEE")):
        address = str(one)
        email = address[7:] if address.lower().startswith("mailto:") else ""
        yield str(one.params.get("CN", "")).strip('" '), email


def _categories(event: icalendar.Component) -> str:
    first = next(iter(_listed(event.get("CATEGORIES"))), None)
    return ", ".join(map(str, getattr(first, "cats", [])))


def _listed(value: Any) -> list[Any]:
    """The values of a property that may be missing, single or repeated."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
