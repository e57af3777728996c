"""A sandbox child taken over by a document: it sends its parent anything it likes. Runs in the sandbox; imports no
Django."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import stat
import struct
import time
from pathlib import Path
from typing import Any

LIES = b"\n%lies: "


def lines() -> list[int]:
    """Every pipe and socket of the child: one of them leads to the parent."""
    found = []
    for descriptor in range(3, 100):
        try:
            mode = os.fstat(descriptor).st_mode
        except OSError:
            continue
        if stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode):
            found.append(descriptor)
    return found


def write_everywhere(content: bytes) -> None:
    for descriptor in lines():
        try:
            os.write(descriptor, content)
        except OSError:
            continue


def begin_and_never_end(begun: bytes, ask: Any = None) -> None:
    """Sends half a message, or half a length; then nothing, for hours."""
    write_everywhere(begun)
    time.sleep(10_000)


def trickle() -> None:
    """Sends a byte of a long message now and then: there is always something to read."""
    write_everywhere(struct.pack("!i", 8_000_000))
    while True:
        write_everywhere(b" ")
        time.sleep(0.05)


def say(length: int | None, content: str) -> None:
    message = content.encode("latin-1")
    write_everywhere(struct.pack("!i", len(message) if length is None else length) + message)
    time.sleep(10_000)


def spin_and_say(seconds: float, content: str, then: str) -> None:
    """Uses the processor, and answers itself without waiting for the measurement, or with it."""
    begun = time.process_time()
    while time.process_time() < begun + seconds:
        pass
    message = content.encode()
    write_everywhere(struct.pack("!i", len(message)) + message)
    if then == "ends":
        os._exit(0)
    while then == "goes on":
        pass
    time.sleep(10_000)


def ask_and_never_listen(*, ask: Any) -> None:
    """The answer is larger than the kernel's buffer."""
    message = b'["ask", 1]'
    write_everywhere(struct.pack("!i", len(message)) + message)
    time.sleep(10_000)


def outlive(ready: str) -> None:
    """Ignores the parent's death and every signal that can be ignored."""
    ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    Path(ready).write_text("ready")
    time.sleep(10_000)


def lie(path: str, *, ask: Any = None) -> Any:
    """Sends the document's answers: questions, then the result."""
    *questions, word = json.loads(Path(path).read_bytes().rpartition(LIES)[2])
    for question in questions:
        ask(question)
    return word
