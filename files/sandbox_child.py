"""The child's side of the sandbox. Imports no Django, because each child would import it again: a third of the cost
of a small job."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import resource
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from files import system_calls
from files.confinement import Access, confine

ARE_YOU_THERE = b"?"  # asked of a child that waits for a job, which says the same
MAX_ANSWER_BYTES = 8 << 20
LOWEST_PRIORITY = 19  # nice(2)
PR_SET_PDEATHSIG = 1  # prctl(2)
LOADED_BY = os.getpid()  # in a child: the fork server, which loads this module for all


@dataclass(frozen=True)
class Bounds:
    """The limits of a job. `memory_bytes` counts above what a fresh child maps."""

    cpu_seconds: int
    memory_bytes: int
    yields_to_others: bool = False


@dataclass(frozen=True)
class Job:
    """What one child does: send the result of `function(*args)`, computed within these limits."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    bounds: Bounds
    access: Access
    may_ask: bool


def work(parent: Connection) -> None:
    """Wait for a job (pickled by the parent), and do it. Called once, in a process of its own, which may start before
    there is a job."""
    _end_with_the_server()
    _discard_output()
    try:
        while (sent := parent.recv_bytes()) == ARE_YOU_THERE:
            parent.send_bytes(sent)
        job: Job = pickle.loads(sent)  # noqa: S301  # the parent's
    except EOFError:  # the parent ended without a job
        return
    _do(job, parent)


def _do(job: Job, parent: Connection) -> None:
    bounds, access = job.bounds, job.access
    if bounds.yields_to_others:
        os.nice(LOWEST_PRIORITY)
    if access.scratch:
        tempfile.tempdir = access.scratch

    def ask(question: Any) -> Any:
        parent.send_bytes(json.dumps(["ask", question]).encode())
        return json.loads(parent.recv_bytes(MAX_ANSWER_BYTES))

    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + bounds.memory_bytes, mapped + bounds.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (bounds.cpu_seconds, bounds.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    confine(access)
    try:
        result = ("ok", job.function(*job.args, ask=ask) if job.may_ask else job.function(*job.args))
    except MemoryError:
        result = ("memory", None)
    except Exception as error:
        # Exceptions that a document causes in a library end here. Only the class is reported: the text may quote the
        # document.
        result = ("error", type(error).__name__)
    parent.send_bytes(json.dumps(result).encode())
    _wait_for_the_end()


def _wait_for_the_end() -> None:
    """Wait until the parent kills this process. Before that it reads this process's use from the kernel, which is
    impossible after the end. If the parent dies, the fork server and this process end, too."""
    while True:
        signal.pause()


def _end_with_the_server() -> None:
    """Close the inherited ends of the fork server's pipes, and end this process with the server. The server ends once
    nobody holds the other end of its pipe, which each child inherits, so a child that never ends would keep the
    server alive."""
    for holder, name in (
        (forkserver._forkserver, "_forkserver_alive_fd"),
        (resource_tracker._resource_tracker, "_fd"),
    ):
        descriptor = getattr(holder, name)
        if descriptor is not None:
            os.close(descriptor)
            setattr(holder, name, None)
    if sys.platform.startswith("linux"):
        system_calls.libc().prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != LOADED_BY:  # it has ended already
            os._exit(1)


def end_children() -> None:
    """Kill the children when the fork server ends: a child that was taken over may have turned off its signal
    (prctl)."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended in the meantime
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid():
                os.kill(int(folder.name), signal.SIGKILL)


def _discard_output() -> None:
    """Discard what libraries print: it may quote the document and must not reach a log."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
