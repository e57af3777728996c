"""The counts in the rail of what needs attention, kept for some seconds.

Every page shows them, and counting takes a fifth of a page's processor time. Whoever changes something sees it at
once: each request that may write forgets what was kept for that user. A cache that is away costs the counting, no
page.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from django.core.cache import cache
from redis.exceptions import RedisError

from accounts.models import User
from documents.receiving.access import waiting_count
from documents.sharing.deliveries import attention_count
from documents.to_sign.standing import awaiting_count
from imports.models import CalendarSubscription
from practices.models import Practice

KEPT = 10  # seconds
AWAY = (RedisError, OSError)


class Counts(NamedTuple):
    """`deliveries`: items in *Suivi des envois*, and calendars that wait for an answer."""

    deliveries: int
    to_sign: int
    received: int


def counts_of(user: User, practice: Practice, *, fresh: str = "") -> Counts:
    """At most KEPT seconds old. `fresh`: the one to count now, for the page that lists it."""
    now, kept = time.time(), _kept_for(user)
    there = {name: one for name, one in kept.get(str(practice.pk), {}).items() if now - one[1] < KEPT}
    there.pop(fresh, None)
    if missing := COUNTED.keys() - there.keys():
        there |= {name: (COUNTED[name](user, practice), now) for name in missing}
        kept[str(practice.pk)] = there
        with suppress(*AWAY):
            cache.set(_key(user), kept, KEPT)
    return Counts(**{name: count for name, (count, _at) in there.items()})


def _deliveries(user: User, practice: Practice) -> int:
    calendars = CalendarSubscription.objects.filter(practice=practice).needing_attention()
    return attention_count(user, practice) + calendars.count()


COUNTED: dict[str, Callable[[User, Practice], int]] = {
    "deliveries": _deliveries,
    "to_sign": awaiting_count,
    "received": lambda _user, practice: waiting_count(practice),
}


def forget_counts(user: User) -> None:
    with suppress(*AWAY):
        cache.delete(_key(user))


def _kept_for(user: User) -> dict[str, dict[str, tuple[int, float]]]:
    """By practice and name: the count, and when it was counted (seconds since 1970)."""
    with suppress(*AWAY):
        return cache.get(_key(user)) or {}
    return {}


def _key(user: User) -> str:
    return f"rail:{user.pk}"
