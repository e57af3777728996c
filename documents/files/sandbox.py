"""Untrusted bytes are parsed and decoded in a child process with memory, CPU and wall limits.

One process per job, forked from a server that has the heavy libraries loaded already (10 to 30 ms a job). What
comes back is JSON, never pickled: a child that a document has taken over can lie, but not run code here. Bytes come
back through files that the caller names.

A child may ask its parent what it must not know itself (the use of a private key): `answering`.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from typing import Any

from django.conf import settings

from documents.files.sandbox_child import MAX_ANSWER_BYTES, work

logger = logging.getLogger(__name__)
MIB = 1 << 20
MAX_QUESTIONS = 16
PRELOADED = ["documents.files.preload"]
Answering = Callable[[Any], Any]


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
    answering: Answering | None = None,
) -> Any:
    """What `function(*args)` returns (JSON values), computed in a child.

    `function` stands at the top of a module that imports no Django. Raises SandboxTimeout,
    SandboxMemoryExceeded, SandboxCrashed. `memory_bytes` counts above what a fresh child maps. With `answering`,
    `function` is given a keyword argument `ask`: what it is called with is answered here (JSON values both); what
    `answering` raises ends the child and is raised.
    """
    with _places():
        ours, theirs = _context().Pipe()
        child = _context().Process(
            target=work, args=(theirs, function, args, cpu_seconds, memory_bytes, answering is not None), daemon=True
        )
        child.start()
        theirs.close()
        try:
            answer = _converse(ours, child, wall_seconds, answering)
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
    kind, value, spent = answer
    logger.debug(
        "%s: at most %d MiB resident, %.3f s of processor", function.__name__, spent["kib"] // 1024, spent["seconds"]
    )
    if kind == "memory":
        raise SandboxMemoryExceeded
    if kind == "error":
        raise SandboxCrashed(str(value))
    return value


def _converse(ours: Connection, child: Any, wall_seconds: float, answering: Answering | None) -> list[Any] | None:
    """The child's last word; None where it died without one."""
    ends = time.monotonic() + wall_seconds
    for _ in range(MAX_QUESTIONS + 1):
        if not ours.poll(max(0.0, ends - time.monotonic())):
            raise SandboxTimeout("wall time")
        try:
            said = ours.recv_bytes(MAX_ANSWER_BYTES)
        except (EOFError, OSError):
            child.join(1)
            return None
        message: list[Any] = json.loads(said)
        if answering is None or message[0] != "ask":
            child.join(1)
            return message
        ours.send_bytes(json.dumps(answering(message[1])).encode())
    raise SandboxCrashed("asks too much")
