"""The child's side of the sandbox. Imports no Django: each child would import it anew, at a third of the price of a
small job.
"""

from __future__ import annotations

import contextlib
import json
import os
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

MAX_ANSWER_BYTES = 8 << 20
LOWEST_PRIORITY = 19  # nice(2)
PR_SET_PDEATHSIG = 1  # prctl(2)
LOADED_BY = os.getpid()  # in a child: the fork server, which loads this module for all


@dataclass(frozen=True)
class Bounds:
    """What a job may use up. `memory_bytes` counts above what a fresh child maps."""

    cpu_seconds: int
    memory_bytes: int
    yields_to_others: bool = False


def work(
    parent: Connection,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    bounds: Bounds,
    access: Access,
    may_ask: bool,
) -> None:
    """Answers with what `function(*args)` returns, within these limits. Called once, in a process of its own."""
    _end_with_the_server()
    _say_nothing()
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
        result = ("ok", function(*args, ask=ask) if may_ask else function(*args))
    except MemoryError:
        result = ("memory", None)
    except Exception as error:
        # The border: whatever a document makes a library raise ends here. Its class is told, never its text,
        # which may quote the document.
        result = ("error", type(error).__name__)
    parent.send_bytes(json.dumps(result).encode())
    _wait_for_the_end()


def _wait_for_the_end() -> None:
    """The parent reads from the kernel what this process used, which it can't once the process has ended; then it
    ends it. A parent that is gone took the fork server, and so this process, with it."""
    while True:
        signal.pause()


def _end_with_the_server() -> None:
    """The fork server ends once nobody holds the other end of a pipe, and gives that end to each child, as it gives
    the pipe to the tracker of semaphores. A child that never ends would keep the server alive.
    """
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
        if os.getppid() != LOADED_BY:  # it ended before
            os._exit(1)


def end_children() -> None:
    """In the fork server, as it ends: a child that was taken over may have asked for no signal (prctl)."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended in the meantime
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid():
                os.kill(int(folder.name), signal.SIGKILL)


def _say_nothing() -> None:
    """Libraries write on the output what they think of a document, and may quote it: that is for no log."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
