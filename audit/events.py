"""What the trail may record. Each room declares its events in its own `events.py`, which Django loads when it starts.
The histories, the webhooks and the API read them here."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from django.utils.functional import Promise


class Topic(enum.Enum):
    """What an event is about. Pages list events by topic; webhooks offer them in this order."""

    APPOINTMENT = enum.auto()
    DOCUMENT = enum.auto()
    SENDING = enum.auto()  # automatic sendings and links
    ACCESS = enum.auto()  # what the account that booked for somebody else may see
    MESSAGE = enum.auto()
    RECORD = enum.auto()  # a patient's identity and contacts
    TIE = enum.auto()  # which account has proved to own a record
    INVITATION = enum.auto()
    SIGN_IN = enum.auto()
    SECURITY = enum.auto()  # second factors, passwords, API tokens
    PERSONAL = enum.auto()  # what else happens to an account: only its owner reads it
    MEMBER = enum.auto()
    SETTING = enum.auto()  # of a practice
    RULE = enum.auto()
    LIBRARY = enum.auto()
    SIGNATURE = enum.auto()
    KEY = enum.auto()  # of the installation


@dataclass(frozen=True)
class Event:
    code: str  # as the trail stores it: never to change
    words: Promise  # what a practice reads
    topic: Topic
    account_words: Promise | None = None  # what the owner of the account reads, if that differs
    webhook: bool = False  # whether a practice may send it to its own software
    webhook_words: Promise | None = None  # what the page of webhooks says, if that differs
    shown: bool = True  # False: no page lists it; it is for exports and the installation's operator


_events: dict[str, Event] = {}


def declare(
    code: str,
    words: Promise,
    topic: Topic,
    *,
    account_words: Promise | None = None,
    webhook: bool = False,
    webhook_words: Promise | None = None,
    shown: bool = True,
) -> None:
    """Raises ValueError for a code that is declared already."""
    if code in _events:
        raise ValueError(f"The event {code} is declared twice.")
    _events[code] = Event(code, words, topic, account_words, webhook, webhook_words, shown)


def event_of(code: str) -> Event:
    """Raises ValueError for a code that no room declares."""
    try:
        return _events[code]
    except KeyError:
        raise ValueError(f"No room declares the event {code} in its events.py.") from None


def all_events() -> list[Event]:
    """By topic; within a topic, as declared."""
    topics = list(Topic)
    return sorted(_events.values(), key=lambda event: topics.index(event.topic))


def shown_codes(*topics: Topic) -> list[str]:
    return [event.code for event in all_events() if event.shown and event.topic in topics]


def is_about(code: str, topic: Topic) -> bool:
    """False for a code that only an earlier version declared, too: the trail keeps its lines."""
    return code in _events and _events[code].topic == topic


def words_for_practice(code: str) -> str:
    """The code itself if only an earlier version declared it: the trail keeps its lines."""
    return str(_events[code].words) if code in _events else code


def words_for_account(code: str) -> str:
    """As `words_for_practice`, for the owner of an account."""
    return str(_events[code].account_words or _events[code].words) if code in _events else code


def webhook_events() -> list[Event]:
    return [event for event in all_events() if event.webhook]


def webhook_event(code: str) -> Event:
    """Raises ValueError for an event that webhooks do not carry."""
    event = event_of(code)
    if not event.webhook:
        raise ValueError(f"Webhooks do not carry {code}.")
    return event


def words_for_webhook(code: str) -> str:
    """Raises ValueError for an event that webhooks do not carry."""
    event = webhook_event(code)
    return str(event.webhook_words or event.words)
