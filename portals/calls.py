"""Counts the calls from an address to pages and operations open to all, in the shared cache.

accounts.addresses says which addresses count as one.
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
    """The count in this window, this call included; 0 if the cache is away: a missing counter blocks nobody."""
    try:
        cache.add(key, 0, timeout=seconds)
        return int(cache.incr(key))
    except Exception:  # cache clients raise many kinds
        logger.warning("The cache does not answer; calls are not counted.", exc_info=True)
        return 0


def leave_unread(request: HttpRequest) -> None:
    """Read and discard the request body: a proxy that gets its answer before it has sent the whole body reports an
    error of this site."""
    while request.read(CHUNK):
        continue


def too_many(what: str, address: str, *, a_minute: int) -> bool:
    """Count one call of this minute; whether the address exceeds its limit."""
    return add_one(f"api-open:{what}:{address}:{int(time.time() // MINUTE)}", MINUTE) > a_minute
