"""How long a server asks us to wait (RFC 9110, 10.2.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

SECONDS = re.compile("[0-9]+")  # str.isdigit() accepts "²", and int() does not
LONGEST_WAIT = timedelta(hours=1)


def retry_after(value: str) -> timedelta | None:
    """Parse seconds or a date. Bounded, so that a server's mistake does not stop messages for a year."""
    if SECONDS.fullmatch(value):
        wait = timedelta(seconds=int(value)) if len(value) < 10 else LONGEST_WAIT
    elif value:
        try:
            wait = parsedate_to_datetime(value) - datetime.now(UTC)
        except (ValueError, TypeError, OverflowError):
            return None  # not a date: use our own back-off
    else:
        return None
    return max(timedelta(), min(wait, LONGEST_WAIT))
