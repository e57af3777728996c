"""The memberships of a user, read once in a request that only reads: a page asks a dozen times what its user may do.

Only for GET and HEAD (portals/held_once.py). A request that changes something reads the database at each check, so
that after waiting for a lock it sees what another request changed meanwhile. Nothing outlives the request: a removed
member is out at the next one.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.db.models.signals import post_delete, post_save

if TYPE_CHECKING:
    from practices.models import Membership

_read: ContextVar[dict[uuid.UUID, list[Membership]] | None] = ContextVar("memberships_read", default=None)


@contextmanager
def held_once() -> Iterator[None]:
    """Within the block, that of one request, the memberships of each user are read once."""
    outer = _read.set({})
    try:
        yield
    finally:
        _read.reset(outer)


def held(user: uuid.UUID, read: Callable[[], list[Membership]]) -> list[Membership]:
    """What `read` returns, or what it returned before in this block."""
    known = _read.get()
    if known is None:
        return read()
    if user not in known:
        known[user] = read()
    return known[user]


def forget(**_signal: Any) -> None:
    """The rest of the block reads again: a membership, a practice or an account changed."""
    known = _read.get()
    if known is not None:
        known.clear()


def forget_after_changes_of(*models: type[Any]) -> None:
    for model in models:
        for signal in (post_save, post_delete):
            signal.connect(forget, sender=model, dispatch_uid=f"practices.held.{model.__name__}")
