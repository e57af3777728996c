"""How many calls an address has made to what is open to all. Counted in the shared cache.

An address is what accounts.addresses counts as one.
"""

from __future__ import annotations

import logging
import time

from django.core.cache import cache
from django.http import HttpRequest

logger = logging.getLogger(__name__)
MINUTE = 60
CHUNK = 1 << 20
VERIFICATIONS_A_MINUTE = 60  # from one address, through the page and the API together


def add_one(key: str, seconds: int) -> int:
    """How many there were in this window, this one counted; 0 where the cache is away: a counter stops nobody."""
    try:
        cache.add(key, 0, timeout=seconds)
        return int(cache.incr(key))
    except Exception:  # cache clients raise many kinds
        logger.warning("The cache does not answer; calls are not counted.", exc_info=True)
        return 0


def leave_unread(request: HttpRequest) -> None:
    """Take what was sent off the connection without looking at it: a proxy that is answered before it has sent all
    takes that for a fault of ours."""
    while request.read(CHUNK):
        continue


def too_many(what: str, address: str, *, a_minute: int) -> bool:
    """Count one call of this minute, and say whether the address is over its share."""
    return add_one(f"api-open:{what}:{address}:{int(time.time() // MINUTE)}", MINUTE) > a_minute
