"""The parent's end of the pipe to a child of the sandbox.

A document may have taken over the child. So the child can't hold the parent past its deadline, and the parent trusts
nothing that it receives.

Connection.recv_bytes and send_bytes wait for ever for the second half of a message; these functions wait until
`ends`. The format is the same: the length as a 32-bit integer, then the bytes.
"""

from __future__ import annotations

import json
import math
import os
import select
import struct
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, NoReturn

from files.sandbox_child import MAX_ANSWER_BYTES

CHUNK = 1 << 16
LAST_WORDS = {"ok", "memory", "error"}


class OutOfTime(Exception):
    """The deadline passed during reading or writing."""


class ChildClosedPipe(Exception):
    """The child closed its end, between messages or within one."""


class UnknownChildMessage(Exception):
    """The child sent a message of an unknown form."""


@dataclass(frozen=True)
class Question:
    value: Any


@dataclass(frozen=True)
class FinalAnswer:
    kind: str  # of LAST_WORDS
    value: Any


class Line:
    """`ends`: deadline by time.monotonic()."""

    def __init__(self, connection: Connection, ends: float) -> None:
        self._descriptor = connection.fileno()
        self._ends = ends
        os.set_blocking(self._descriptor, False)

    def hear(self) -> Question | FinalAnswer:
        """Raises OutOfTime, ChildClosedPipe, UnknownChildMessage."""
        (length,) = struct.unpack("!i", self._read(4))
        if not 0 <= length <= MAX_ANSWER_BYTES:
            raise UnknownChildMessage("length")
        return understood(self._read(length))

    def say(self, value: Any) -> None:
        """Raises OutOfTime, ChildClosedPipe."""
        encoded = json.dumps(value).encode()
        unsent = memoryview(struct.pack("!i", len(encoded)) + encoded)
        while unsent:
            self._wait(select.POLLOUT)
            try:
                unsent = unsent[os.write(self._descriptor, unsent) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise ChildClosedPipe from error

    def _read(self, count: int) -> bytes:
        got = bytearray()
        while len(got) < count:
            self._wait(select.POLLIN)
            try:
                chunk = os.read(self._descriptor, min(CHUNK, count - len(got)))
            except BlockingIOError:
                continue
            except OSError as error:
                raise ChildClosedPipe from error
            if not chunk:
                raise ChildClosedPipe
            got += chunk
        return bytes(got)

    def _wait(self, event: int) -> None:
        poll = select.poll()
        poll.register(self._descriptor, event)
        left = self._ends - time.monotonic()
        if left <= 0 or not poll.poll(math.ceil(left * 1000)):
            raise OutOfTime


def understood(received: bytes) -> Question | FinalAnswer:
    """Raises UnknownChildMessage for a message that sandbox_child.work never sends."""
    try:
        message = json.loads(received, parse_constant=_no_number)
    except (ValueError, RecursionError, MemoryError) as error:
        raise UnknownChildMessage("no JSON") from error
    match message:
        case ["ask", question]:
            return Question(question)
        case [str(kind), value] if kind in LAST_WORDS:
            return FinalAnswer(kind, value)
    raise UnknownChildMessage("shape")


def _no_number(_constant: str) -> NoReturn:
    raise ValueError("NaN, Infinity")
