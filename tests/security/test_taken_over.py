"""A child taken over by a document neither blocks its slot nor crashes its parent, and does not outlive the web
process."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import forkserver
from pathlib import Path

import pytest
from django.conf import settings

from files import open_work, sandbox
from tests.security import taken_over

pytestmark = pytest.mark.slow
HALVES = {
    "half a length": b"\0\0",
    "a length alone": struct.pack("!i", 5000),
    "half a message": struct.pack("!i", 5000) + b'["ok", ',
    "the length of a long message": struct.pack("!i", -1),
    "no bytes at all": b"",
}
NONSENSE = {
    "no JSON": "}{",
    "no UTF-8": "\xff\xfe\xfd",
    "empty": "",
    "nested deeply": "[" * 200_000 + "]" * 200_000,
    "objects nested deeply": '{"a":' * 200_000,
    "a number of a million digits": '["ok", ' + "9" * 1_000_000 + "]",
    "NaN": '["ok", NaN]',
    "no list": '{"ok": 1}',
    "a word": '"ok"',
    "nothing": "null",
    "an empty list": "[]",
    "no kind": "[1, 1]",
    "a kind of its own": '["fine", 1]',
    "a list as its kind": '[["ok"], 1]',
    "a question that nobody answers": '["ask", 1]',
    "too short": '["ok"]',
    "too long": '["ok", 1, {"kib": 1, "seconds": 1}]',
}


@pytest.mark.parametrize("name", HALVES)
def test_the_wall_limit_holds_in_the_middle_of_an_answer(name: str) -> None:
    begun = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(sandbox.run, taken_over.begin_and_never_end, HALVES[name], wall_seconds=1)
        try:
            assert isinstance(job.exception(40), sandbox.SandboxError)
        finally:
            stop_children()
    assert time.monotonic() - begun < 40  # the child sleeps for hours


def test_the_wall_limit_holds_for_an_answer_that_comes_byte_by_byte() -> None:
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(sandbox.run, taken_over.trickle, wall_seconds=1)
        try:
            assert isinstance(job.exception(40), sandbox.SandboxTimeout)
        finally:
            stop_children()


def test_the_wall_limit_holds_while_the_parent_answers() -> None:
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(
            sandbox.run, taken_over.ask_and_never_listen, wall_seconds=1, answering=lambda _question: "x" * 4_000_000
        )
        try:
            assert isinstance(job.exception(40), sandbox.SandboxTimeout)
        finally:
            stop_children()


def test_a_place_of_open_work_is_free_again_after_a_child_that_holds_it() -> None:
    def held() -> None:
        with open_work.open_work():
            sandbox.run(taken_over.begin_and_never_end, HALVES["a length alone"], wall_seconds=1)

    with ThreadPoolExecutor(settings.SANDBOX_OPEN_PLACES) as pool:
        jobs = [pool.submit(held) for _ in range(settings.SANDBOX_OPEN_PLACES)]
        try:
            assert all(isinstance(job.exception(40), sandbox.SandboxError) for job in jobs)
        finally:
            stop_children()
    with open_work.open_work():
        assert sandbox.run(sum, [1, 2]) == 3


@pytest.mark.parametrize("name", NONSENSE)
def test_an_answer_of_the_wrong_form_is_that_of_a_child_that_died(name: str) -> None:
    with pytest.raises(sandbox.SandboxCrashed):
        sandbox.run(taken_over.say, None, NONSENSE[name], wall_seconds=5)


@pytest.mark.parametrize("length", [-1, -2, -(1 << 31), (1 << 31) - 1, (8 << 20) + 1])
def test_a_length_that_no_answer_has_is_not_waited_for(length: int) -> None:
    with pytest.raises(sandbox.SandboxCrashed):
        sandbox.run(taken_over.say, length, "x", wall_seconds=5)


@pytest.mark.parametrize("then", ["waits", "ends", "goes on"])
def test_what_a_child_used_up_is_measured_and_not_asked(then: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_work, "WALL_SECONDS", 60.0)  # low priority, beside other tests
    with open_work.open_work() as work:
        assert sandbox.run(taken_over.spin_and_say, 1.2, '["ok", 3]', then) == 3
        assert work.cpu_seconds <= open_work.CPU_SECONDS - 1.2


def test_a_child_that_fails_leaves_nothing_of_the_budget_of_its_request() -> None:
    with open_work.open_work() as work:
        with pytest.raises(sandbox.SandboxCrashed):
            sandbox.run(os.abort)
        assert work.cpu_seconds == 0
        with pytest.raises(sandbox.SandboxTimeout):
            sandbox.run(
                taken_over.spin_and_say, 4, '["ok", 3]', "waits"
            )  # a second is the kernel's smallest limit for the processor


WEB_PROCESS = textwrap.dedent(
    """
    import functools, os, sys, threading, time, django; django.setup()
    from multiprocessing import forkserver
    from files import sandbox
    from tests.security import taken_over
    sandbox.warm()
    sandbox.run(sum, [1, 2])
    ready = sys.argv[1]
    outliving = functools.partial(sandbox.run, taken_over.outlive, ready, writes=[ready])
    threading.Thread(target=outliving, daemon=True).start()
    while os.stat(ready).st_size == 0:
        time.sleep(0.05)
    print(forkserver._forkserver._forkserver_pid, flush=True)
    sys.stdin.read()
    os._exit(3)
    """
)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL, None])
def test_nothing_of_the_sandbox_outlives_its_web_process(ending: signal.Signals | None, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ready.touch()
    environment = {**os.environ, "DATA_DIR": str(settings.DATA_DIR), "DJANGO_SETTINGS_MODULE": "docshare.settings"}
    web = subprocess.Popen(
        [sys.executable, "-c", WEB_PROCESS, str(ready)], cwd=settings.BASE_DIR, env=environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert web.stdout
    server = int(web.stdout.readline())
    family = {server, *children_of(server)}
    try:
        assert len(family) == 3  # the fork server, the job, and the spare child
        if ending:
            web.send_signal(ending)
        web.communicate(timeout=10)
        assert left_of(family) == set()
    finally:
        for process in filter(is_alive, family):
            os.kill(process, signal.SIGKILL)
        web.kill()
        web.communicate()


def test_a_child_ends_with_a_fork_server_that_was_killed() -> None:
    """The next job starts a new one."""
    sandbox.run(sum, [1, 2])
    server = fork_server()
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(sandbox.run, time.sleep, 10_000, wall_seconds=20)
        until = time.monotonic() + 15
        while not (running := children_of(server)) and time.monotonic() < until:
            time.sleep(0.05)
        (child,) = running
        os.kill(server, signal.SIGKILL)
        assert isinstance(job.exception(10), sandbox.SandboxCrashed)
    assert left_of({child}) == set()
    assert sandbox.run(sum, [1, 2]) == 3


def fork_server() -> int:
    """Its process id."""
    return int(vars(forkserver)["_forkserver"]._forkserver_pid)


def stop_children() -> None:
    """Children left by a failed test would wait for hours."""
    for child in children_of(fork_server()):
        os.kill(child, signal.SIGKILL)


def fields_of(process: int) -> list[str]:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["gone", "0"]


def children_of(process: int) -> list[int]:
    numbers = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    return [number for number in numbers if fields_of(number)[1] == str(process)]


def left_of(processes: set[int]) -> set[int]:
    """The processes still alive after five seconds."""
    until = time.monotonic() + 5
    while any(map(is_alive, processes)) and time.monotonic() < until:
        time.sleep(0.05)
    return {process for process in processes if is_alive(process)}


def is_alive(process: int) -> bool:
    return fields_of(process)[0] not in ("gone", "Z")
