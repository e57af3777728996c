"""Concurrent requests, each on a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

Result = TypeVar("Result")
MANY = 40


def at_once(do: Callable[[int], Result], count: int = MANY) -> list[Result]:
    """The results of `do`, one for each call."""
    start = threading.Barrier(count)

    def one(number: int) -> Result:
        try:
            connection.ensure_connection()
            start.wait(60)
            return do(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))
