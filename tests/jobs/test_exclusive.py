"""One kind of work by one thread at a time, without losing a request."""

from __future__ import annotations

import threading

import pytest

from jobs.exclusive import OneAtATime


def test_whoever_comes_meanwhile_goes_at_once_and_the_work_goes_round_again() -> None:
    work, at_work, go_on = OneAtATime(seconds=60), threading.Event(), threading.Event()
    steps: list[str] = []

    def slow() -> bool:
        steps.append("slow")
        at_work.set()
        go_on.wait(10)
        return False

    def never() -> bool:
        steps.append("never")
        return False

    first = threading.Thread(target=work.run, args=(slow,))
    first.start()
    at_work.wait(10)
    for _ in range(3):
        assert not work.run(never)
    go_on.set()
    first.join(10)
    assert steps == ["slow", "slow"]


def test_it_goes_on_while_there_is_more_and_stops_after_its_time() -> None:
    left = iter([True, True, False])
    assert not OneAtATime(seconds=60).run(lambda: next(left))
    work = OneAtATime(seconds=0)
    assert work.run(lambda: True)
    assert work.run(lambda: True)  # the lock was released


def test_a_process_that_is_to_go_leaves_the_rest_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.exclusive._leaving", True)
    left = iter([True, True, True])
    assert OneAtATime(seconds=60).run(lambda: next(left))
    assert len(list(left)) == 2


def test_a_failure_releases_the_lock() -> None:
    work = OneAtATime(seconds=60)
    for _ in range(2):
        try:
            work.run(lambda: 1 / 0 > 1)
        except ZeroDivisionError:
            continue
        raise AssertionError("the failure was swallowed")
