"""Parses untrusted bytes in child processes with limits on memory, processor and wall time.

The kernel restricts each child to the files of its job (files.confinement).

One process per job, forked from a server that has the heavy libraries loaded already, before there is a job
(files.spare_children). What comes back is JSON, never pickled: a child that a document has taken over can lie, but it
can't run code here, nor keep its place beyond the deadline (files.child_messages). Its answer is an `object`, which
files.answers parses into values of known types and bounds. Bytes come back through files that the caller names. The
kernel reports what a child used up.

The fork server and its children end with the process that started them, even if that is killed.

A child may ask its parent to use a secret that it must not have (a private key): `answering`.

Jobs wait for one of SANDBOX_CONCURRENCY places of this process; those of open work (files.open_work) have
other places and tighter bounds.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from django.conf import settings

from files import fork_servers, open_work, spare_children
from files.child_messages import ChildClosedPipe, FinalAnswer, Line, OutOfTime, UnknownChildMessage
from files.confinement import Access, protections
from files.sandbox_child import Bounds, Job

logger = logging.getLogger(__name__)
MIB = 1 << 20
MAX_QUESTIONS = 16
CPUCLOCK_SCHED = 2  # posix-timers.h: of a process, user and system together
SCRATCH = ".scratch"  # suffix of a child's own folder
Answering = Callable[[Any], Any]


class SandboxError(Exception):
    """The job was stopped or died."""


class SandboxTimeout(SandboxError):
    """More wall or CPU time than allowed."""


class SandboxMemoryExceeded(SandboxError):
    """More memory than allowed."""


class SandboxCrashed(SandboxError):
    """The child died, or the function raised an exception."""


@lru_cache(maxsize=1)
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(settings.SANDBOX_PRELOADED)
    fork_servers.use()
    return context


@lru_cache(maxsize=1)
def _places() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(settings.SANDBOX_CONCURRENCY)


def warm() -> None:
    """Start the fork server now, so that the first document need not wait a second for its libraries."""
    logger.info("What a document's parser may touch is held by: %s", protections().sentence)
    _context()
    fork_servers.ensure_running()


def run(
    function: Callable[..., Any],
    /,
    *args: Any,
    reads: Sequence[Path | str] = (),
    writes: Sequence[Path | str] = (),
    scratch: bool = False,
    network: bool = False,
    wall_seconds: float = 30,
    cpu_seconds: int = 20,
    memory_bytes: int = 900 * MIB,
    answering: Answering | None = None,
) -> object:
    """Run `function(*args)` in a child and return its result (JSON values).

    `function` is at the top level of a module that imports no Django. The child reads the files `reads`, reads and
    writes the files `writes` (which exist), and no other; `scratch` gives it a temporary folder of its own, where
    `tempfile` then works; `network` lets it ask servers of the Internet.

    Raises SandboxTimeout, SandboxMemoryExceeded, SandboxCrashed. `memory_bytes` counts above what a fresh child maps.
    With `answering`, `function` receives a keyword argument `ask`. Each call of it calls `answering` in this process
    and returns the result (JSON values both). An exception of `answering` ends the child and is raised.
    """
    opened = open_work.current()
    if opened is None:
        bounds = Bounds(cpu_seconds, memory_bytes)
        with _places(), _scratch(scratch) as folder:
            access = Access(_paths(reads), _paths(writes), folder, network)
            return _run(_Job(function, args, bounds, access, answering), wall_seconds)[0]
    bounds = Bounds(
        min(cpu_seconds, opened.whole_cpu_seconds),
        min(memory_bytes, open_work.MEMORY_BYTES),
        yields_to_others=True,
    )
    with _scratch(scratch) as folder:
        access = Access(_paths(reads), _paths(writes), folder, network)
        job = _Job(function, args, bounds, access, answering)
        before = opened.cpu_seconds
        opened.cpu_seconds = 0.0  # until the rest is known: after a child that fails none is left
        value, seconds = _run(job, min(wall_seconds, opened.wall_seconds))
        opened.cpu_seconds = before - seconds
        return value


def _paths(paths: Sequence[Path | str]) -> tuple[str, ...]:
    return tuple(map(str, paths))


@contextmanager
def _scratch(wanted: bool) -> Iterator[str]:
    """A folder on the store's file system, removed after the job; "" if none is wanted."""
    if not wanted:
        yield ""
        return
    Path(settings.FILE_UPLOAD_TEMP_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=SCRATCH, ignore_cleanup_errors=True
    ) as folder:
        yield folder


@dataclass(frozen=True)
class _Job:
    function: Callable[..., Any]
    args: tuple[Any, ...]
    bounds: Bounds
    access: Access
    answering: Answering | None


def _run(job: _Job, wall_seconds: float) -> tuple[Any, float]:
    """The function's result, and the processor time that it took, in seconds."""
    sent = Job(job.function, job.args, job.bounds, job.access, may_ask=job.answering is not None)
    child, ours = spare_children.given(_context(), sent)
    try:
        line = Line(ours, time.monotonic() + wall_seconds)
        spare_children.start(_context())
        answer = _converse(line, job.answering)
        if answer is None:
            child.join(1)
        spent = processor_seconds(child.pid or 0)
        kib = _most_resident(child.pid or 0)
    except OutOfTime as error:
        raise SandboxTimeout("wall time") from error
    except UnknownChildMessage as error:
        raise SandboxCrashed(f"answers nonsense: {error}") from error
    finally:
        child.kill()
        child.join()
        ours.close()
        exit_code = child.exitcode
        child.close()
    if answer is None:
        if exit_code == -signal.SIGXCPU:
            raise SandboxTimeout("CPU time")
        raise SandboxCrashed(f"exit status {exit_code}")
    if spent is None:  # it ended by itself, so its use is unknown
        spent = float(job.bounds.cpu_seconds)
    logger.debug("%s: at most %d MiB resident, %.3f s of processor", job.function.__name__, kib // 1024, spent)
    if answer.kind == "memory":
        raise SandboxMemoryExceeded
    if answer.kind == "error":
        raise SandboxCrashed(str(answer.value))
    return answer.value, spent


def processor_seconds(process: int) -> float | None:
    """Processor time of a living process by the kernel's account, in seconds; None for one that has ended."""
    try:
        return time.clock_gettime(~process << 3 | CPUCLOCK_SCHED)  # clock_getcpuclockid(3)
    except OSError:
        return None


def _most_resident(process: int) -> int:
    """KiB, for measurements; 0 if the system does not report it (proc(5))."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


def _converse(line: Line, answering: Answering | None) -> FinalAnswer | None:
    """The child's last message; None if it died without one."""
    for _ in range(MAX_QUESTIONS + 1):
        try:
            message = line.hear()
            if isinstance(message, FinalAnswer):
                return message
            if answering is None:
                raise UnknownChildMessage("a question")
            answer = answering(message.value)
            line.say(answer)
        except ChildClosedPipe:
            return None
    raise SandboxCrashed("asks too much")
