"""The child's side of the sandbox. Imports no Django: each child would import it anew, at a third of the price of a
small job.
"""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

MAX_ANSWER_BYTES = 8 << 20


def work(
    parent: Connection,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    cpu_seconds: int,
    memory_bytes: int,
    may_ask: bool,
) -> None:
    """Answers with what `function(*args)` returns, within these limits. Called once, in a process of its own."""
    _say_nothing()

    def ask(question: Any) -> Any:
        parent.send_bytes(json.dumps(["ask", question]).encode())
        return json.loads(parent.recv_bytes(MAX_ANSWER_BYTES))

    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + memory_bytes, mapped + memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        result = ("ok", function(*args, ask=ask) if may_ask else function(*args))
    except MemoryError:
        result = ("memory", None)
    except Exception as error:
        # The border: whatever a document makes a library raise ends here. Its class is told, never its text,
        # which may quote the document.
        result = ("error", type(error).__name__)
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = {"kib": used.ru_maxrss, "seconds": used.ru_utime + used.ru_stime}
    parent.send_bytes(json.dumps([*result, spent]).encode())
    parent.close()


def _say_nothing() -> None:
    """Libraries write on the output what they think of a document, and may quote it: that is for no log."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
