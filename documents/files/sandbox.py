"""Untrusted bytes are parsed and decoded in a child process with memory, CPU and wall limits.

One process per job, forked from a server that has the heavy libraries loaded already (10 to 30 ms a job). What
comes back is JSON, never pickled: a child that a document has taken over can lie, but not run code here. Bytes come
back through files that the caller names.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import signal
import threading
from collections.abc import Callable
from functools import lru_cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from django.conf import settings

MIB = 1 << 20
MAX_ANSWER_BYTES = 8 * MIB
PRELOADED = ["documents.files.preload"]


class SandboxError(Exception):
    """The job was stopped or died."""


class SandboxTimeout(SandboxError):
    """More wall or CPU time than allowed."""


class SandboxMemoryExceeded(SandboxError):
    """More memory than allowed."""


class SandboxCrashed(SandboxError):
    """The child died, or the function raised what it does not declare."""


@lru_cache(maxsize=1)
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


@lru_cache(maxsize=1)
def _places() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(settings.SANDBOX_CONCURRENCY)


def warm() -> None:
    """Start the fork server now, so that the first document need not wait a second for its libraries."""
    _context()
    forkserver.ensure_running()


def run(
    function: Callable[..., Any],
    /,
    *args: Any,
    wall_seconds: float = 30,
    cpu_seconds: int = 20,
    memory_bytes: int = 900 * MIB,
) -> Any:
    """What `function(*args)` returns (JSON values), computed in a child.

    `function` stands at the top of a module that imports no Django. Raises SandboxTimeout,
    SandboxMemoryExceeded, SandboxCrashed. `memory_bytes` counts above what a fresh child maps.
    """
    with _places():
        ours, theirs = _context().Pipe(duplex=False)
        child = _context().Process(
            target=_work, args=(theirs, function, args, cpu_seconds, memory_bytes), daemon=True
        )
        child.start()
        theirs.close()
        try:
            answer = _receive(ours, child, wall_seconds)
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
    kind, value = json.loads(answer)
    if kind == "memory":
        raise SandboxMemoryExceeded
    if kind == "error":
        raise SandboxCrashed(str(value))
    return value


def _receive(ours: Connection, child: Any, wall_seconds: float) -> bytes | None:
    if not ours.poll(wall_seconds):
        raise SandboxTimeout("wall time")
    try:
        answer = ours.recv_bytes(MAX_ANSWER_BYTES)
    except (EOFError, OSError):
        child.join(1)
        return None
    child.join(1)
    return answer


def _work(
    answer: Connection, function: Callable[..., Any], args: tuple[Any, ...], cpu_seconds: int, memory_bytes: int
) -> None:
    """In the child."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + memory_bytes, mapped + memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        result = ("ok", function(*args))
    except MemoryError:
        result = ("memory", None)
    except Exception as error:
        # The border: whatever a document makes a library raise ends here. Its class is told, never its text,
        # which may quote the document.
        result = ("error", type(error).__name__)
    answer.send_bytes(json.dumps(result).encode())
    answer.close()
