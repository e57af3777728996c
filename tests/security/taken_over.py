"""What a child of the sandbox does once a document has taken it over: it speaks to its parent as it likes. Runs in
the sandbox; imports no Django."""

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
    """Every pipe and socket that the child holds: one of them is the parent's."""
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
    """Half a message, or half a length; then nothing, for hours."""
    write_everywhere(begun)
    time.sleep(10_000)


def trickle() -> None:
    """A byte of a long message now and then: there always is something to read."""
    write_everywhere(struct.pack("!i", 8_000_000))
    while True:
        write_everywhere(b" ")
        time.sleep(0.05)


def say(length: int | None, content: str) -> None:
    message = content.encode("latin-1")
    write_everywhere(struct.pack("!i", len(message) if length is None else length) + message)
    time.sleep(10_000)


def spin_and_say(seconds: float, content: str, then: str) -> None:
    """Uses the processor, speaks itself, and does not wait to be measured, or does."""
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
    """The answer is larger than what the kernel keeps for a reader."""
    message = b'["ask", 1]'
    write_everywhere(struct.pack("!i", len(message)) + message)
    time.sleep(10_000)


def outlive(ready: str) -> None:
    """No signal when the parent dies, none that can be ignored."""
    ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    Path(ready).write_text("ready")
    time.sleep(10_000)


def lie(path: str, *, ask: Any = None) -> Any:
    """What the document tells: questions, then the last word."""
    *questions, word = json.loads(Path(path).read_bytes().rpartition(LIES)[2])
    for question in questions:
        ask(question)
    return word
