"""Fork servers that are forks of one process (files/fork_servers.py): each ends with its part, and has no secret.

On Linux alone, as `make run` uses them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

from deploy import parts
from tests.security.test_taken_over import children_of, fields_of, left_of

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not parts.FORKED, reason="forks of a loaded process")]
SECRET = "a secret of the environment"
# Becomes what deploy/parts.py is: it starts the origin, loads Django, and forks two parts, which answer each line.
PARTS = textwrap.dedent(
    """
    import os, sys
    from deploy import parts
    from files import fork_servers
    parts.start_sandbox()
    import django; django.setup()
    from files import sandbox

    def part():
        lines = os.fdopen(read)
        sandbox.warm()
        print(os.getpid(), sandbox.run(sum, [1, 2]), sandbox.run(os.getppid), flush=True)
        for line in lines:
            print(sandbox.run(sum, [1, 2]), sandbox.run(os.getppid), flush=True)

    for _ in range(2):
        read, write = os.pipe()
        child = parts.in_a_fork(part)
        os.close(read)
        print(child, write, flush=True)
    for line in sys.stdin:
        os.write(int(line), b"again\\n")
    os._exit(0)
    """
)


@dataclass
class Part:
    pid: int
    asked_by: str  # the number of its pipe
    server: int


class Running:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout
        lines = [process.stdout.readline().split() for _ in range(4)]
        started = {int(pid): pipe for pid, pipe in (line for line in lines if len(line) == 2)}
        answers = [line for line in lines if len(line) == 3]
        assert [line[1] for line in answers] == ["3", "3"]
        self.parts = [Part(int(pid), started[int(pid)], int(server)) for pid, _sum, server in answers]

    @property
    def origin(self) -> int:
        (origin,) = {int(fields_of(part.server)[1]) for part in self.parts}
        return origin

    def works(self, part: Part) -> int:
        """Let the part run jobs; returns the id of its fork server."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{part.asked_by}\n")
        self.process.stdin.flush()
        result, server = self.process.stdout.readline().split()
        assert result == "3"
        return int(server)


@pytest.fixture
def running() -> Iterator[Running]:
    environment = {
        **os.environ,
        "DATA_DIR": str(settings.DATA_DIR),
        "DJANGO_SETTINGS_MODULE": "docshare.settings",
        "EMAIL_URL": f"smtp://{SECRET}@localhost",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", PARTS], cwd=settings.BASE_DIR, env=environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield Running(process)
    finally:
        process.kill()
        process.communicate()


def test_each_part_has_a_fork_server_of_its_own_from_one_origin(running: Running) -> None:
    first, second = running.parts
    assert first.server != second.server
    assert fields_of(running.origin)[1] == str(running.process.pid)
    assert running.works(first) == first.server


def test_it_knows_no_secret_of_the_environment(running: Running) -> None:
    for process in (running.origin, running.parts[0].server):
        assert SECRET.encode() not in Path(f"/proc/{process}/environ").read_bytes()
    assert SECRET.encode() in Path(f"/proc/{running.process.pid}/environ").read_bytes()


def test_it_ends_with_its_part_and_no_other_does(running: Running) -> None:
    first, second = running.parts
    os.kill(first.pid, signal.SIGKILL)
    assert left_of({first.server}) == set()
    assert running.works(second) == second.server


def test_a_killed_fork_server_is_replaced(running: Running) -> None:
    first, _second = running.parts
    origin = running.origin
    os.kill(first.server, signal.SIGKILL)
    assert left_of({first.server}) == set()
    assert fields_of(running.works(first))[1] == str(origin)


def test_without_the_origin_a_part_starts_its_own(running: Running) -> None:
    first, _second = running.parts
    family = {running.origin, *children_of(running.origin)}
    os.kill(running.origin, signal.SIGKILL)
    assert left_of(family) == set()
    assert fields_of(running.works(first))[1] == str(first.pid)


def test_nothing_outlives_the_parts(running: Running) -> None:
    family = {running.origin, *children_of(running.origin), *(part.pid for part in running.parts)}
    running.process.kill()
    assert left_of(family) == set()


def test_the_origin_loads_what_the_settings_say() -> None:
    assert parts.SANDBOXED == settings.SANDBOX_PRELOADED
