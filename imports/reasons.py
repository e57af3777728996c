"""Why a line or an event was refused: stored as a text of the catalogue with its facts, worded when it is shown.

Whoever reads a report may speak another language than whoever imported the file. Rows of earlier versions hold a
sentence, which stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext
from django_stubs_ext import StrOrPromise

from patients.contacts import clean_email, clean_mobile

MARK = '{"reasons":'
CLEANED: dict[str, Callable[[str], str | None]] = {"email": clean_email, "mobile": clean_mobile}


class ContactFault(ValidationError):
    """A contact that cannot be one. Its sentence depends on all that was typed, and is found again from that."""

    def __init__(self, contact: str, typed: str, words: str) -> None:
        super().__init__(words)
        self.contact, self.typed = contact, typed


def reason_of(error: ValidationError) -> str:
    """What to store. The messages of the error must be lazy, with their facts in `params`."""
    return _stored([_entry(one) for one in _single(error)])


def reason(words: StrOrPromise, **facts: object) -> str:
    """As `reason_of`, for a lazy text of the catalogue that nobody raised."""
    return reason_of(ValidationError(words, params=facts or None))


def error_of(stored: str) -> ValidationError:
    """The error that was stored."""
    return ValidationError([_error(entry) for entry in _entries(stored)])


def sentence_of(stored: str) -> str:
    """In the language of whoever reads it."""
    return " ".join(message for entry in _entries(stored) for message in _error(entry).messages)


def _stored(entries: list[dict[str, Any]]) -> str:
    return json.dumps({"reasons": entries}, ensure_ascii=False, separators=(",", ":"))


def _entries(stored: str) -> list[dict[str, Any]]:
    if not stored.startswith(MARK):
        return [{"words": stored}] if stored else []
    entries: list[dict[str, Any]] = json.loads(stored)["reasons"]
    return entries


def _single(error: ValidationError) -> list[ValidationError]:
    if hasattr(error, "error_dict"):
        return [one for errors in error.error_dict.values() for one in errors]
    return list(error.error_list)


def _entry(error: ValidationError) -> dict[str, Any]:
    if isinstance(error, ContactFault):
        return {"contact": error.contact, "typed": error.typed, "words": str(error.message)}
    facts: Mapping[str, object] = error.params or {}
    with translation.override(None):
        words = str(error.message)
    if not words:  # a plural of Django's own: its text depends on a number
        return {"words": " ".join(error.messages)}
    entry: dict[str, Any] = {"words": words}
    if facts:
        entry["facts"] = {name: _plain(value) for name, value in facts.items()}
    return entry


def _plain(value: object) -> object:
    return value if isinstance(value, int | float) else value.isoformat() if isinstance(value, date) else str(value)


def _error(entry: Mapping[str, Any]) -> ValidationError:
    words = str(entry["words"])
    if "contact" in entry:
        contact, typed = str(entry["contact"]), str(entry["typed"])
        try:
            CLEANED[contact](typed)
        except ValidationError as fault:
            words = " ".join(fault.messages)
        return ContactFault(contact, typed, words)
    return ValidationError(gettext(words), params=entry.get("facts"))
