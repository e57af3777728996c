"""The entries of a patient's timeline, as HTML: _timeline_entry.html, once for those that look alike."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone
from django.utils.safestring import SafeString

from documents.timeline import Entry
from notifications.wording import moment
from portals.alike_rows import AlikeRows
from portals.practitioner.timeline_words import EntryWords, entry_words


def drawn(entries: Iterable[Entry]) -> list[SafeString]:
    rows = AlikeRows("practitioner/_timeline_entry.html", "what", "note", "at", "moment")
    return [_drawn(rows, entry_words(one)) for one in entries]


def _drawn(rows: AlikeRows, words: EntryWords) -> SafeString:
    look = {
        "symbol": words.icon,
        "is_document": words.is_document,
        "has_note": bool(words.note),
        "has_page": words.appointment is not None,
    }
    return rows.drawn(
        look,
        pk=words.appointment,
        what=words.what,
        note=words.note,
        at=timezone.localtime(words.at).isoformat(),
        moment=moment(words.at),
    )
