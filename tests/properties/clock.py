"""The real clock plus some days: moments still follow each other; it also applies to `default=timezone.now` of
columns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from unittest import mock


class Clock:
    def __init__(self) -> None:
        self.ahead = timedelta(0)

    @contextmanager
    def runs(self) -> Iterator[None]:
        clock = self

        class Kind(type):
            def __instancecheck__(cls, one: object) -> bool:
                return isinstance(one, datetime)

        class Later(datetime, metaclass=Kind):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return datetime.now(tz) + clock.ahead

        with mock.patch("django.utils.timezone.datetime", Later):
            yield
