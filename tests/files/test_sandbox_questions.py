"""A child may ask its parent questions, but not without limit."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from files import sandbox


def add_up(asked: int, *, ask: Callable[[int], int]) -> int:
    return sum(ask(number) for number in range(asked))


def test_the_parent_answers_the_child() -> None:
    assert sandbox.run(add_up, 4, answering=lambda number: number * 10) == 60


def test_a_child_that_asks_without_end_is_stopped() -> None:
    with pytest.raises(sandbox.SandboxCrashed):
        sandbox.run(add_up, 1_000_000, answering=lambda number: number)


def test_what_the_parent_raises_ends_the_child_and_is_raised() -> None:
    def refuse(number: int) -> int:
        raise LookupError(number)

    with pytest.raises(LookupError):
        sandbox.run(add_up, 1, answering=refuse)
