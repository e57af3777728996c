"""Exchanges that take too long are cut off, by one thread for all."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import pytest

from notifications.channels.deadlines import Deadline


def until(true: Callable[[], object], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.005)
    return bool(true())


def test_it_is_cut_off_again_until_it_ends() -> None:
    """The connection may only be open after the deadline."""
    cuts: list[float] = []
    deadline = Deadline(0.02, lambda: cuts.append(time.monotonic()))
    assert until(lambda: len(cuts) >= 2)
    assert deadline.end()
    after = len(cuts)
    time.sleep(0.4)
    assert len(cuts) == after


def test_what_ends_in_time_is_left_alone() -> None:
    cuts: list[int] = []
    deadline = Deadline(0.1, lambda: cuts.append(1))
    assert not deadline.end()
    time.sleep(0.4)
    assert not cuts


def test_a_shorter_one_need_not_wait_for_longer_ones() -> None:
    longer = [Deadline(60, lambda: None) for _ in range(5)]
    time.sleep(0.05)  # the thread waits for these
    cut = threading.Event()
    shorter = Deadline(0.05, cut.set)
    assert cut.wait(10)
    assert shorter.end()
    assert not any(deadline.end() for deadline in longer)


def test_one_that_cannot_be_cut_off_does_not_stop_others(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ValueError("not this one")

    cut = threading.Event()
    failing, other = Deadline(0.01, fail), Deadline(0.1, cut.set)
    assert cut.wait(10)
    assert failing.end()
    assert other.end()
    assert "could not be cut off" in caplog.text


def test_many_share_one_thread() -> None:
    Deadline(0.01, lambda: None).end()
    before = threading.active_count()
    deadlines = [Deadline(60, lambda: None) for _ in range(1000)]
    assert threading.active_count() == before
    assert not any(deadline.end() for deadline in deadlines)


def test_a_fork_watches_its_own() -> None:
    """Workers and web processes are forks of one that may have sent something."""
    Deadline(0.01, lambda: None).end()
    child = os.fork()
    if not child:
        cut = threading.Event()
        Deadline(0.02, cut.set)
        os._exit(0 if cut.wait(10) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
