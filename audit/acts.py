"""Acts that their author may undo for a moment: the trail marks their lines, and webhooks wait."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

ACT = "act"  # in a line's detail: the act that it is part of
UNDOES = "undoes"  # in a line's detail: the act that it undoes
_current: ContextVar[uuid.UUID | None] = ContextVar("act", default=None)


@contextmanager
def lines_of_act(act: uuid.UUID) -> Iterator[None]:
    """Lines that are written inside carry the act's id."""
    token = _current.set(act)
    try:
        yield
    finally:
        _current.reset(token)


def current_act() -> uuid.UUID | None:
    return _current.get()
