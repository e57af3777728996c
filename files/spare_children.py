"""Starts the next child of the sandbox while the one before it works: a job then need not wait for its process.

A spare child has nothing but the libraries: no job, no document. It does one job and ends, like each other child; it
ends with the process that it was started for, and with the fork server. Costs the memory that a child copies as it
starts, 4 MiB, for each process that has used the sandbox.
"""

from __future__ import annotations

import logging
import os
import pickle
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess

from files.sandbox_child import ARE_YOU_THERE, Job, work

logger = logging.getLogger(__name__)
ANSWERS_WITHIN = 2.0  # seconds: longer than a busy machine takes to start it


@dataclass(frozen=True)
class Child:
    process: ForkServerProcess
    line: Connection  # our end of the pipe


class _Spare:
    """At most one, of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: Child | None = None

    def taken(self) -> Child | None:
        """The spare child, if it lives."""
        with self._lock:
            child, self._child = self._child, None
        if child is None or _waits(child):
            return child
        _end(child)
        return None

    def put(self, child: Child) -> None:
        with self._lock:
            before, self._child = self._child, child
        if before is not None:  # two jobs started one at once
            _end(before)

    @property
    def is_there(self) -> bool:
        return self._child is not None


_spare = _Spare()


def _forget() -> None:
    """In a fork of this process: the spare child stays with the parent."""
    global _spare
    _spare = _Spare()


os.register_at_fork(after_in_child=_forget)


def given(context: ForkServerContext, job: Job) -> tuple[ForkServerProcess, Connection]:
    """A child that has this job: the spare one, or a new one."""
    pickled = pickle.dumps(job)
    if (spare := _spare.taken()) is not None:
        try:
            spare.line.send_bytes(pickled)
        except OSError:  # it has just ended
            _end(spare)
        else:
            return spare.process, spare.line
    child = _started(context)
    child.line.send_bytes(pickled)
    return child.process, child.line


def start(context: ForkServerContext) -> None:
    """Start the spare child, unless there is one. If that fails, the next job starts its own."""
    if _spare.is_there:
        return
    try:
        _spare.put(_started(context))
    except (OSError, EOFError) as error:  # no process, descriptor or memory is left, or the fork server ends
        logger.warning("No spare child could be started: %s", type(error).__name__)


def _waits(child: Child) -> bool:
    """Asks the child itself, as of the end of a process one learns a moment later: killed, it answers nothing."""
    try:
        child.line.send_bytes(ARE_YOU_THERE)
        return child.line.poll(ANSWERS_WITHIN) and child.line.recv_bytes(1) == ARE_YOU_THERE
    except (OSError, EOFError):
        return False


def _started(context: ForkServerContext) -> Child:
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    return Child(process, ours)


def _end(child: Child) -> None:
    child.line.close()
    if child.process.exitcode is None:  # the number of one that has ended may be another's by now
        child.process.kill()
    child.process.join()
    child.process.close()
