"""Calendars: zones, recurrences, exceptions, damaged events."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imports.reading.events import LONGEST, Event, read_events
from imports.reading.occurrences import MOST_DATES
from imports.reading.texts import Unreadable
from tests.costs import counted

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def read(*events: str, seconds: int = LONGEST) -> list[Event]:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    for event in events:
        lines += ["BEGIN:VEVENT", *event.split("|"), "END:VEVENT"]
    text = [f"{line}\r\n" for line in [*lines, "END:VCALENDAR"]]
    return read_events(text, zone=ZoneInfo("Europe/Paris"), now=NOW, seconds=seconds)


@pytest.mark.parametrize(
    "start",
    [
        "DTSTART:20261201T083000Z",
        "DTSTART:20261201T093000",  # floating: at the practice
        "DTSTART;TZID=Europe/Paris:20261201T093000",
        "DTSTART;TZID=Romance Standard Time:20261201T093000",
        "DTSTART;TZID=America/New_York:20261201T033000",
    ],
)
def test_zones(start: str) -> None:
    (event,) = read(f"UID:a|{start}|DURATION:PT20M")
    assert event.starts_at == datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
    assert event.ends_at == datetime(2026, 12, 1, 8, 50, tzinfo=UTC)


def test_an_unknown_zone_is_no_guess() -> None:
    (event,) = read("UID:a|DTSTART;TZID=Nowhere/At:20261201T093000")
    assert event.starts_at is None
    assert "Nowhere/At" in event.fault


def test_recurrences_with_exceptions() -> None:
    master = "UID:c|DTSTART;TZID=Europe/Paris:20261201T093000|DURATION:PT20M|RRULE:FREQ=WEEKLY;COUNT=4"
    moved = (
        "UID:c|RECURRENCE-ID;TZID=Europe/Paris:20261208T093000|DTSTART;TZID=Europe/Paris:20261209T100000"
        "|DURATION:PT20M"
    )
    found = read(f"{master}|EXDATE;TZID=Europe/Paris:20261215T093000", moved)
    assert [one.starts_at for one in sorted(found, key=lambda one: one.key)] == [
        datetime(2026, 12, 1, 8, 30, tzinfo=UTC),
        datetime(2026, 12, 9, 9, 0, tzinfo=UTC),
        datetime(2026, 12, 22, 8, 30, tzinfo=UTC),
    ]
    assert len({one.key for one in found}) == 3


def test_an_event_without_end_stays_bounded() -> None:
    (refused,) = read("UID:c|DTSTART:20261201T093000Z|RRULE:FREQ=MINUTELY")
    assert refused.fault
    found = read("UID:c|DTSTART:20261201T093000Z|RRULE:FREQ=DAILY;BYHOUR=8,9,10")
    assert len(found) == 1001
    assert found[-1].fault


IMPOSSIBLE = (
    "BYMONTH=2;BYMONTHDAY=30",
    "BYMONTH=4;BYMONTHDAY=31",
    "BYMONTH=1;BYYEARDAY=200",
    "BYMONTHDAY=3;BYSETPOS=9",
)


@pytest.mark.parametrize("frequency", ["SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
@pytest.mark.parametrize("interval", ["0", "-1", "00"])
@pytest.mark.parametrize("rest", ["", ";COUNT=3", ";BYDAY=MO"])
def test_a_rule_without_an_interval_is_refused_with_a_sentence(frequency: str, interval: str, rest: str) -> None:
    found = read(
        f"UID:a|DTSTART:20261201T093000Z|RRULE:FREQ={frequency};INTERVAL={interval}{rest}",
        "UID:b|DTSTART:20261202T093000Z",
    )
    assert [bool(one.fault) for one in found] == [True, False]


def test_a_time_zone_that_never_ends_stops_nothing() -> None:
    zone = ["BEGIN:VTIMEZONE", "TZID:Own", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0100"]
    zone += ["TZOFFSETTO:+0200", "RRULE:FREQ=YEARLY;INTERVAL=0", "END:STANDARD", "END:VTIMEZONE"]
    event = ["BEGIN:VEVENT", "UID:a", "DTSTART;TZID=Own:20261201T093000", "END:VEVENT"]
    text = [f"{line}\r\n" for line in ["BEGIN:VCALENDAR", *zone, *event, "END:VCALENDAR"]]
    (found,) = read_events(text, zone=ZoneInfo("Europe/Paris"), now=NOW)
    assert found.key == "a"


def test_a_calendar_whose_rules_take_all_its_time_is_refused_as_a_whole() -> None:
    events = [f"UID:{n}|DTSTART:20261201T093000Z|RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30" for n in range(9)]
    with pytest.raises(Unreadable) as refused:
        read(*events, seconds=1)
    assert "trop long à lire" in refused.value.sentence


def _list(name: str, least: int, most: int) -> st.SearchStrategy[str]:
    numbers = st.lists(st.integers(least, most).filter(bool), min_size=1, max_size=3, unique=True)
    return numbers.map(lambda found: f"{name}={','.join(map(str, found))}")


PARTS = st.one_of(
    st.sampled_from(IMPOSSIBLE),
    _list("BYMONTH", 1, 13),
    _list("BYMONTHDAY", -32, 32),
    _list("BYYEARDAY", -366, 366),
    _list("BYWEEKNO", -53, 53),
    _list("BYSETPOS", -9, 9),
    _list("BYHOUR", 0, 24),
    st.sampled_from(
        ["BYDAY=MO,FR", "BYDAY=5SU", "BYDAY=-1MO", "COUNT=4", "COUNT=0", "UNTIL=20261231T000000Z", "WKST=SU"]
    ),
)
RULES = st.builds(
    lambda frequency, interval, parts: ";".join([f"FREQ={frequency}", f"INTERVAL={interval}", *parts]),
    st.sampled_from(["SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.integers(0, 5),
    st.lists(PARTS, max_size=3),
)


@pytest.mark.lengthy
@settings(max_examples=60, deadline=None)
@given(rule=RULES)
def test_any_rule_is_expanded_or_refused_and_its_neighbour_is_read(rule: str) -> None:
    """The steps are those of this process: the child's are bounded by its processor time."""
    found, calls = counted(
        lambda: read(f"UID:a|DTSTART:20261201T093000Z|RRULE:{rule}", "UID:b|DTSTART:20261202T093000Z")
    )
    of_rule = [one for one in found if one.uid == "a"]
    assert [one.key for one in found if one.uid == "b" and not one.fault] == ["b"]
    assert len(of_rule) <= MOST_DATES + 1
    assert all(one.fault or one.starts_at for one in of_rule)
    assert calls < 200_000 + 200 * len(found)


def test_whole_days_cancelled_and_damaged_events() -> None:
    day, cancelled, damaged, good = read(
        "UID:a|DTSTART;VALUE=DATE:20261201",
        "UID:b|DTSTART:20261201T093000Z|STATUS:CANCELLED",
        "UID:c|DTSTART:never",
        "UID:d|DTSTART:20261201T093000Z|SUMMARY:DURAND Marie",
    )
    assert day.fault
    assert cancelled.is_cancelled
    assert damaged.fault
    assert (good.summary, good.fault, good.line) == ("DURAND Marie", "", 16)


@pytest.mark.parametrize("text", ["", "<!doctype html><title>Error</title>", "BEGIN:VCARD\nEND:VCARD"])
def test_what_is_no_calendar_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_events(text.splitlines(keepends=True), zone=ZoneInfo("Europe/Paris"), now=NOW)
