"""However `make run` ends, nothing of it is left, and the next start finds the data."""

from __future__ import annotations

import signal
import time

import psutil
import pytest

from tests.platform.conftest import Installation, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def nothing_is_left(installation: Installation, seconds: float = 30) -> None:
    wait_for(lambda: not installation.processes(), seconds, f"nothing runs: {installation.processes()}")


def test_ctrl_c_stops_everything_and_a_second_start_keeps_the_data(fresh: Installation) -> None:
    fresh.start()
    practice = fresh.demo()["practice"]
    assert len(fresh.processes()) >= 7  # make, run, supervisor, queue, web and its workers, worker, beat

    fresh.interrupt()
    nothing_is_left(fresh)

    started = time.monotonic()
    fresh.start()
    assert time.monotonic() - started < 30  # seconds on an idle machine; this one may be busy
    assert fresh.demo()["practice"] == practice
    fresh.interrupt()
    nothing_is_left(fresh)


def test_ctrl_c_while_it_is_being_prepared_stops_it(fresh: Installation) -> None:
    fresh.launch()
    wait_for(lambda: fresh.data_dir.exists() and "Preparing" in fresh.output, 60, "preparation has begun")
    fresh.interrupt()
    nothing_is_left(fresh)


@pytest.mark.parametrize("victim", [("supervisord",), ("deploy/run.py",)], ids=["supervisor", "runner"])
def test_after_kill_9_nothing_is_left_and_it_starts_again(fresh: Installation, victim: tuple[str, ...]) -> None:
    fresh.start()
    process = fresh.part(*victim)
    assert isinstance(process, psutil.Process)
    process.send_signal(signal.SIGKILL)
    nothing_is_left(fresh)
    fresh.start()
    assert fresh.ready()
    fresh.interrupt()
    nothing_is_left(fresh)


def test_two_installations_do_not_disturb_each_other(fresh: Installation, site: Installation) -> None:
    fresh.start()
    message = fresh.plan_email()
    wait_for(lambda: any(message in path.name for path in fresh.emails()), 30, "the email is in its own outbox")
    assert not any(message in path.name for path in site.emails())
    fresh.interrupt()
    nothing_is_left(fresh)
    assert site.ready()
