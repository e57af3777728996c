"""Reads a downloaded calendar as a whole or refuses it: what is missing from it may cancel appointments."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_noop

from imports.calendar_fetching import NotRead
from imports.people import digest
from imports.reading.events import Event, read_events, twice
from imports.reading.texts import Unreadable, text_of

BEFORE, AHEAD = timedelta(days=1), timedelta(days=366)  # of today: dates outside make no appointment
LONGEST = 60  # seconds of processor time
MOST_EVENTS = 20_000  # in the calendar; also dates, with those of recurring events
NO_CALENDAR = gettext_noop("Cette adresse ne mène pas à un calendrier (ICS), mais à une page ou à un autre fichier")
CUT = gettext_noop("Le calendrier est incomplet : sa fin manque. Rien n’est changé")
TOO_MANY = gettext_noop("Ce calendrier a trop d’événements : publiez-en une période plus courte")


@dataclass
class Calendar:
    """By identity: UID and RECURRENCE-ID. `cancelled`: those that say so themselves. `unclear`: series whose dates
    are not all known, so none is absent."""

    standing: dict[str, Event] = field(default_factory=dict)
    cancelled: dict[str, Event] = field(default_factory=dict)
    unclear: set[str] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        """Whether nothing in it could be an appointment."""
        return all(one.fault for one in self.standing.values())


def read_calendar(body: bytes, *, zone: ZoneInfo, now: datetime) -> Calendar:
    """`zone`: of times without one. Raises NotRead."""
    text = _text(body)
    _check_whole(text)
    try:
        lines = io.StringIO(text, newline="")
        events = read_events(lines, zone=zone, now=now, past=BEFORE, most=MOST_EVENTS, seconds=LONGEST)
    except Unreadable:
        raise NotRead(TOO_MANY) from None
    calendar = Calendar(unclear={series_of(one) for one in events if one.of_series})
    for key, event in _by_identity(events).items():
        (calendar.cancelled if event.is_cancelled else calendar.standing)[key] = event
    return calendar


def is_near(event: Event, now: datetime) -> bool:
    """Whether it may make an appointment. Old ones are for the import of a file."""
    return event.starts_at is None or now - BEFORE <= event.starts_at <= now + AHEAD


def series_of(event: Event) -> str:
    """A digest of what all dates of one UID have in common."""
    return digest("series", event.uid)


def content_of(event: Event) -> str:
    """A digest of all that decides about its appointment. Neither SEQUENCE nor LAST-MODIFIED: software forgets to
    count."""
    times = (str(event.starts_at), str(event.ends_at))
    people = [part for person in event.people for part in person]
    return digest(*times, event.summary, event.categories, event.fault, *people)


def _text(body: bytes) -> str:
    """Whatever charset the server names: see imports.reading.texts. Raises NotRead."""
    try:
        with text_of(io.BytesIO(body)) as text:
            return text.read()
    except Unreadable:
        raise NotRead(NO_CALENDAR) from None


def _check_whole(text: str) -> None:
    """Raises NotRead."""
    lines = [line.strip().upper() for line in text.splitlines() if line.strip()]
    if not lines or lines[0] != "BEGIN:VCALENDAR":
        raise NotRead(NO_CALENDAR)
    counts = Counter(lines)
    begun = counts["BEGIN:VCALENDAR"], counts["BEGIN:VEVENT"]
    if lines[-1] != "END:VCALENDAR" or begun != (counts["END:VCALENDAR"], counts["END:VEVENT"]):
        raise NotRead(CUT)
    if begun[1] > MOST_EVENTS:
        raise NotRead(TOO_MANY)


def _by_identity(events: list[Event]) -> dict[str, Event]:
    """Two events of one identity that differ: none of them is followed, because nobody knows which is right."""
    events_by_identity: dict[str, Event] = {}
    for event in events:
        key = digest("uid", event.key)
        other = events_by_identity.setdefault(key, event)
        if content_of(other) != content_of(event) or other.is_cancelled != event.is_cancelled:
            events_by_identity[key] = replace(event, is_cancelled=False, fault=twice())
    return events_by_identity
