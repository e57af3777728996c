"""The next child starts while the one before it works; it does one job, and never that of another process."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from files import sandbox, spare_children


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """No spare child from another test, and none broken for the next one."""
    end_spare()
    yield
    end_spare()


def end_spare() -> None:
    if (spare := spare_children._spare.taken()) is not None:
        spare_children._end(spare)


def spare_pid() -> int:
    child = spare_children._spare._child
    assert child is not None
    assert child.process.pid
    return child.process.pid


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_for_the_end(pid: int) -> None:
    ends = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < ends:
        time.sleep(0.01)
    assert not is_running(pid)


def test_each_job_has_the_child_that_started_before_it() -> None:
    first = sandbox.run(os.getpid)
    seen = [first]
    for _ in range(3):
        waiting = spare_pid()
        seen.append(sandbox.run(os.getpid))
        assert seen[-1] == waiting
        assert not is_running(waiting)
    assert len(set(seen)) == 4


def test_a_spare_child_has_the_limits_of_its_job_alone() -> None:
    sandbox.run(len, [])
    limits = "__import__('resource').getrlimit(__import__('resource').RLIMIT_CPU)"
    assert sandbox.run(eval, limits, cpu_seconds=7) == [7, 8]
    with pytest.raises(sandbox.SandboxCrashed, match="PermissionError"):
        sandbox.run(os.listdir, str(settings.DATA_DIR))


def test_a_spare_child_that_ended_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.run(len, [])
    ended = spare_pid()
    os.kill(ended, signal.SIGKILL)
    wait_for_the_end(ended)
    assert sandbox.run(os.getpid) != ended
    child = spare_children._spare._child
    assert child is not None
    child.process.kill()
    child.process.join()
    monkeypatch.setattr(type(child.process), "is_alive", lambda _process: True)  # it ends between asking and sending
    assert sandbox.run(len, [7]) == 1


def test_a_job_succeeds_where_no_spare_child_can_start(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    started, real = [], spare_children._started

    def only_the_first(context: Any) -> Any:
        started.append(context)
        if len(started) > 1:
            raise BlockingIOError("no process left")
        return real(context)

    monkeypatch.setattr(spare_children, "_started", only_the_first)
    with caplog.at_level(logging.WARNING, "files.spare_children"):
        assert sandbox.run(len, [7]) == 1
    assert "BlockingIOError" in caplog.text
    assert not spare_children._spare.is_there


def test_of_two_spare_children_one_ends() -> None:
    sandbox.run(len, [])
    before = spare_pid()
    spare_children._spare.put(spare_children._started(sandbox._context()))
    assert spare_pid() != before
    assert not is_running(before)


def test_a_fork_of_this_process_leaves_the_spare_child_alone() -> None:
    sandbox.run(len, [])
    waiting = spare_pid()
    fork = os.fork()
    if fork == 0:
        os._exit(spare_children._spare.is_there)
    assert os.waitpid(fork, 0)[1] == 0
    assert sandbox.run(os.getpid) == waiting


PROGRAM = """
import os, sys, time
import django
django.setup()
from files import sandbox, spare_children
sandbox.run(len, [])
print(spare_children._spare._child.process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_spare_child_ends_with_the_process_that_it_is_for(how: signal.Signals) -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, cwd=settings.BASE_DIR, env=environment
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert is_running(pid)
        process.send_signal(how)
        process.wait()
    wait_for_the_end(pid)


def test_the_number_of_a_spare_child_that_has_ended_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may lie idle for hours, and the number belong to another process by then."""
    sandbox.run(os.path.basename, "a/b")
    pid = spare_pid()
    os.kill(pid, signal.SIGKILL)
    wait_for_the_end(pid)
    signalled: list[int] = []
    monkeypatch.setattr(os, "kill", lambda process, _number: signalled.append(process))
    assert spare_children._spare.taken() is None
    assert pid not in signalled
