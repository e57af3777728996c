"""Python processes that start at once: forks of a process that has imported what each of them would import.

A new process takes 3.5 s of processor until it can work, most of it for imports; a fork takes 1 s if it reads
settings of its own (`run_alone`), and next to nothing if it works on the database of this test (`start`, `run`). Each
is a process as any other: it can be killed, and shares no connection, no thread and no written memory with others.

`python -m tests.prepared_process` is the prepared process. It forks a keeper for each job, which forks the job, waits
for it and reports how it ended. All of them end with the process of the tests. Linux alone; elsewhere a job is a new
process.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from multiprocessing import resource_tracker
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FORKED = sys.platform.startswith("linux")
LONGEST_REQUEST = 1 << 17  # bytes: arguments and environment
# Imported before settings are read, beside what deploy/parts.py imports for the sandbox.
LIBRARIES = [
    *("PIL.Image", "pi_heif", "pikepdf", "pypdfium2", "pkcs11", "pyrage", "uharfbuzz", "cryptography.fernet"),
    *("aiohttp", "icalendar", "fido2.server", "holidays", "phonenumbers", "requests", "segno", "yaml", "zipstream"),
    *("celery.app.task", "celery.backends.redis", "celery.worker.worker", "redis.asyncio"),
    *("django.core.management", "django.core.management.commands.migrate", "django.contrib.postgres.fields"),
    *("django.db.backends.sqlite3.base", "django.forms", "django.template", "django.test", "django.views.i18n"),
    *("gunicorn.util", "markdown", "nh3", "psycopg", "pygments.formatters", "rest_framework", "uritemplate"),
]


class Job:
    """Of subprocess.Popen, what tests use."""

    def __init__(self, pid: int, pidfd: int, report: socket.socket, streams: Streams) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdin, self.stdout = os.fdopen(streams.stdin[1], "w"), os.fdopen(streams.stdout[0])
        self._pidfd, self._report, self._errors = pidfd, report, streams.errors

    def __del__(self) -> None:
        os.close(self._pidfd)

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):  # it has ended
            signal.pidfd_send_signal(self._pidfd, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Raises TimeoutError."""
        if self.returncode is None:
            self._report.settimeout(timeout)
            self.returncode = int(self._report.recv(16))
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Raises TimeoutError. Unlike that of subprocess, it waits without a limit for the end of the output."""
        with suppress(BrokenPipeError):
            self.stdin.close()
        output = self.stdout.read()
        self.wait(timeout)
        self._errors.seek(0)
        return output, self._errors.read()


class Streams:
    """Standard streams of a job: two pipes, and a file in memory for errors, which is read at the end."""

    def __init__(self) -> None:
        self.stdin, self.stdout = os.pipe(), os.pipe()
        self.errors = os.fdopen(os.memfd_create("errors"), "w+")

    def of_job(self) -> list[int]:
        return [self.stdin[0], self.stdout[1], self.errors.fileno()]

    def given(self) -> None:
        """Close here what the job has."""
        os.close(self.stdin[0])
        os.close(self.stdout[1])


class Prepared:
    """A prepared process, which ends when this object does."""

    def __init__(self, requests: socket.socket, process: subprocess.Popen[bytes] | None = None) -> None:
        self._requests, self._process = requests, process

    def start(self, *arguments: str, environment: Mapping[str, str]) -> Job:
        """Run Python with these arguments, in the checkout: the name of a script or `-c` first."""
        streams, request = Streams(), {"arguments": arguments, "environment": dict(environment)}
        ours, theirs = socket.socketpair()
        with theirs:
            self._ask(request, [*streams.of_job(), theirs.fileno()])
        streams.given()
        pid, descriptors, _, _ = socket.recv_fds(ours, 16, 1)
        assert descriptors, "The prepared process has ended."
        return Job(int(pid), descriptors[0], ours, streams)

    def prepare(self, environment: Mapping[str, str]) -> Prepared:
        """A process that has set up Django in this environment, beside the libraries."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._ask({"environment": dict(environment)}, [theirs.fileno()])
        return Prepared(ours)

    def _ask(self, request: object, descriptors: Sequence[int]) -> None:
        socket.send_fds(self._requests, [json.dumps(request).encode()], descriptors)


@lru_cache(maxsize=1)
def libraries() -> Prepared:
    """Has read no settings: its jobs read those of the environment that they are given."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.prepared_process", str(theirs.fileno())],
            pass_fds=[theirs.fileno()], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        )  # fmt: skip
    return Prepared(ours, process)


@lru_cache(maxsize=2)
def _set_up(environment: frozenset[tuple[str, str]]) -> Prepared:
    return libraries().prepare(dict(environment))


def new_process(*arguments: str, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


Process = Job | subprocess.Popen[str]


def start(*arguments: str, **environment: str) -> Process:
    """Run Python with these arguments, on the database and the files of this test. `environment`: beside those."""
    named = {**environment_of_this_test(), **environment}
    if not FORKED:
        return new_process(*arguments, environment=named)
    return _set_up(frozenset(named.items())).start(*arguments, environment=named)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """As `start`, until it ends."""
    return completed(start(*arguments, **environment))


def run_alone(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """As `run`, but in this environment alone, with settings that it reads anew."""
    start_alone = libraries().start if FORKED else new_process
    return completed(start_alone(*arguments, environment=environment))


def completed(process: Process) -> subprocess.CompletedProcess[str]:
    output, errors = process.communicate()
    return subprocess.CompletedProcess([], process.wait(), output, errors)


def environment_of_this_test() -> dict[str, str]:
    """In which another process works on this test's database and files."""
    from django.conf import settings

    return {
        **{name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"},
        "DJANGO_SETTINGS_MODULE": "docshare.settings",
        "DATABASE_URL": database_address(),
        "DATA_DIR": str(settings.DATA_DIR),
        "SECRET_KEY": settings.SECRET_KEY,
        "SIGNING_PASSPHRASE": settings.SIGNING_PASSPHRASE,
    }


def database_address() -> str:
    """Of this test's database, for another process."""
    from django.db import connection

    database = connection.settings_dict
    if connection.vendor != "postgresql":
        return f"sqlite:///{database['NAME']}"
    password = f":{database['PASSWORD']}" if database["PASSWORD"] else ""
    return f"postgres://{database['USER']}{password}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


def serve(requests: socket.socket) -> None:
    """Fork at each request, until nobody is left who could ask."""
    from deploy.parts import in_a_fork

    gc.freeze()  # a collection in a fork then leaves the shared memory alone
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel then reaps keepers
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, LONGEST_REQUEST, 4)
        if not message:
            return
        request = json.loads(message)
        do = keep if "arguments" in request else become_prepared
        in_a_fork(partial(do, requests, request, descriptors))
        for descriptor in descriptors:
            os.close(descriptor)


def keep(requests: socket.socket, request: dict[str, Any], descriptors: Sequence[int]) -> None:
    """Fork the job, and report its process, then how it ended, in the way of subprocess."""
    from deploy.parts import in_a_fork

    requests.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, report = descriptors
    child = in_a_fork(partial(work, request, streams, report))
    for stream in streams:
        os.close(stream)
    with socket.socket(fileno=report) as caller:
        socket.send_fds(caller, [str(child).encode()], [os.pidfd_open(child)])
        _, status = os.waitpid(child, 0)
        with suppress(BrokenPipeError):  # nobody waits for it
            caller.send(str(os.waitstatus_to_exitcode(status)).encode())


def work(request: dict[str, Any], streams: Sequence[int], report: int) -> None:
    """Do what the caller asked for, as the main program of this process."""
    os.close(report)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    enter(request["environment"])
    sys.argv = request["arguments"]
    gc.enable()
    if sys.argv[0] != "-c":
        runpy.run_path(sys.argv[0], run_name="__main__")
        return
    script = sys.argv.pop(1)
    sys.modules["__main__"] = main_module = ModuleType("__main__")
    exec(compile(script, "<string>", "exec"), vars(main_module))


def become_prepared(requests: socket.socket, request: dict[str, Any], descriptors: Sequence[int]) -> None:
    requests.close()
    enter(request["environment"])
    import django

    django.setup()
    importlib.import_module("docshare.urls")  # and with it every use case
    from django.db import connections

    assert all(connection.connection is None for connection in connections.all())
    with socket.socket(fileno=descriptors[0]) as own:
        serve(own)


def enter(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()


def main() -> None:
    from deploy.parts import start_sandbox
    from deploy.stop_with_parent import tie_to_parent

    tie_to_parent()
    gc.disable()  # what is imported stays; a collection would only take time
    start_sandbox()
    resource_tracker.ensure_running()  # which multiprocessing gives each fork server: one for all jobs
    for module in LIBRARIES:
        importlib.import_module(module)
    assert "docshare" not in sys.modules  # no settings were read
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        serve(requests)


if __name__ == "__main__":
    main()
