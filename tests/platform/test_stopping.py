"""However `make run` ends, no process remains, and the next start has the data."""

from __future__ import annotations

import signal
import time

import pytest

from tests.platform.conftest import Installation, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("make run")]


def nothing_is_left(installation: Installation) -> None:
    wait_for(lambda: not installation.processes(), 30, "nothing of it runs")


def test_ctrl_c_while_it_is_being_prepared_stops_it(fresh: Installation) -> None:
    fresh.launch()
    wait_for(lambda: fresh.data_dir.exists() and "Preparing" in fresh.output, 60, "preparation has begun")
    fresh.interrupt()
    nothing_is_left(fresh)


def test_ctrl_c_stops_everything_and_a_second_start_keeps_the_data(to_stop: Installation) -> None:
    to_stop.start()
    practice = to_stop.demo()["practice"]
    assert len(to_stop.processes()) >= 7  # make, runner, supervisor, queue, web and its workers, worker, beat

    to_stop.interrupt()
    nothing_is_left(to_stop)

    started = time.monotonic()
    to_stop.start()
    assert time.monotonic() - started < 120  # three seconds on an idle machine; this one runs tests
    assert to_stop.demo()["practice"] == practice
    to_stop.interrupt()
    nothing_is_left(to_stop)


def test_after_kill_9_nothing_is_left_and_it_starts_again(to_stop: Installation) -> None:
    """For each of its parent processes."""
    for victim in ("the supervisor", "deploy/run.py", "make"):
        to_stop.start()
        process = to_stop.supervisor if victim == "the supervisor" else to_stop.find(victim)
        assert process is not None, victim
        process.send_signal(signal.SIGKILL)
        nothing_is_left(to_stop)
    to_stop.start()
    assert to_stop.ready()
    to_stop.interrupt()
    nothing_is_left(to_stop)


def test_two_installations_do_not_disturb_each_other(to_stop: Installation, fresh: Installation) -> None:
    to_stop.start()
    fresh.begin_migrated()
    fresh.start()
    message = fresh.plan_email()
    wait_for(lambda: any(message in path.name for path in fresh.emails()), 30, "the email is in its own outbox")
    assert not any(message in path.name for path in to_stop.emails())
    fresh.interrupt()
    nothing_is_left(fresh)
    assert to_stop.ready()
    to_stop.interrupt()
    nothing_is_left(to_stop)
