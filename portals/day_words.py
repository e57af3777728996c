"""Days as pages write them: at the end of a line the number does not part from its month.

Messages keep plain spaces (notifications/wording.py): a no-break space makes an SMS cost twice.
"""

from __future__ import annotations

import re
from datetime import date, datetime

from notifications import wording

_NUMBER_AND_MONTH = re.compile(r"(\d|1er) (?=[^\W\d])")


def long_day(value: date, *, weekday: bool = False) -> str:
    """24 novembre 2026; with `weekday`, mardi 24 novembre 2026."""
    return _kept_together(wording.long_day(value, weekday=weekday))


def moment(value: datetime) -> str:
    """24 novembre 2026 à 09:14."""
    return _kept_together(wording.moment(value))


def _kept_together(words: str) -> str:
    return _NUMBER_AND_MONTH.sub("\\1\u00a0", words, count=1)
