"""The count in the rail of what needs attention, kept for some seconds.

Every page shows it, and counting takes a fifth of a page's processor time. Whoever changes something sees it at once:
each request that may write forgets what was kept for that user. A cache that is away costs the counting, no page.
"""

from __future__ import annotations

from contextlib import suppress

from django.core.cache import cache
from redis.exceptions import RedisError

from accounts.models import User
from documents.sharing.deliveries import attention_count
from imports.models import CalendarSubscription
from practices.models import Practice

KEPT = 10  # seconds
AWAY = (RedisError, OSError)


def deliveries_count(user: User, practice: Practice, *, fresh: bool = False) -> int:
    """Number of items in *Suivi des envois* and of calendars that wait for an answer; at most KEPT seconds old.

    `fresh`: counted now, for the page that lists them.
    """
    place, kept = str(practice.pk), _kept_for(user)
    if fresh or place not in kept:
        calendars = CalendarSubscription.objects.filter(practice=practice).needing_attention()
        kept[place] = attention_count(user, practice) + calendars.count()
        with suppress(*AWAY):
            cache.set(_key(user), kept, KEPT)
    return kept[place]


def forget_counts(user: User) -> None:
    with suppress(*AWAY):
        cache.delete(_key(user))


def _kept_for(user: User) -> dict[str, int]:
    """By practice."""
    with suppress(*AWAY):
        return cache.get(_key(user)) or {}
    return {}


def _key(user: User) -> str:
    return f"rail-counts:{user.pk}"
