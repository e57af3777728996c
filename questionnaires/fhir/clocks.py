"""The clock that dateTimes of a questionnaire are written on.

What a patient answers without a time is on the clock of what it is compared with (dates.py). The page shows and
judges everything on the practice's: so must be what another system wrote, in UTC for example.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Any

NAMES = ("answerDateTime", "valueDateTime")


def on_clock(part: Any, zone: tzinfo) -> Any:
    """A resource, or a part of it, in which every dateTime with a time is written with the offset of `zone`. The
    moments stay the same; what is none stays as it is, for the reader to refuse."""
    match part:
        case dict():
            return {
                name: _moved(value, zone) if name in NAMES else on_clock(value, zone) for name, value in part.items()
            }
        case list():
            return [on_clock(one, zone) for one in part]
    return part


def _moved(text: Any, zone: tzinfo) -> Any:
    if not isinstance(text, str) or "T" not in text:
        return text
    try:
        moment = datetime.fromisoformat(text)
        moved = moment.astimezone(zone) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return text
    offset = moved.utcoffset() or timedelta()
    return text if offset % timedelta(minutes=1) else moved.isoformat()  # FHIR has no seconds in an offset
