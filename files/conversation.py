"""The parent's end of the pipe to a child of the sandbox. The child may have been taken over: nothing it does, or
does not do, holds the parent past its deadline, and nothing it says is taken on trust.

Connection.recv_bytes and send_bytes wait without end for the second half of a message. These wait until `ends`.
The form of a message is theirs: its length as a 32-bit integer, then its bytes.
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
    """The deadline passed, whatever was being read or written."""


class Hung(Exception):
    """The child closed its end, at the end of a message or in the middle."""


class Nonsense(Exception):
    """The child says what no child of ours says."""


@dataclass(frozen=True)
class Question:
    value: Any


@dataclass(frozen=True)
class LastWord:
    kind: str  # of LAST_WORDS
    value: Any


class Line:
    """`ends` is of time.monotonic()."""

    def __init__(self, connection: Connection, ends: float) -> None:
        self._descriptor = connection.fileno()
        self._ends = ends
        os.set_blocking(self._descriptor, False)

    def hear(self) -> Question | LastWord:
        """Raises OutOfTime, Hung, Nonsense."""
        (length,) = struct.unpack("!i", self._read(4))
        if not 0 <= length <= MAX_ANSWER_BYTES:
            raise Nonsense("length")
        return understood(self._read(length))

    def say(self, value: Any) -> None:
        """Raises OutOfTime, Hung."""
        said = json.dumps(value).encode()
        left = memoryview(struct.pack("!i", len(said)) + said)
        while left:
            self._wait(select.POLLOUT)
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise Hung from error

    def _read(self, count: int) -> bytes:
        got = bytearray()
        while len(got) < count:
            self._wait(select.POLLIN)
            try:
                chunk = os.read(self._descriptor, min(CHUNK, count - len(got)))
            except BlockingIOError:
                continue
            except OSError as error:
                raise Hung from error
            if not chunk:
                raise Hung
            got += chunk
        return bytes(got)

    def _wait(self, event: int) -> None:
        poll = select.poll()
        poll.register(self._descriptor, event)
        left = self._ends - time.monotonic()
        if left <= 0 or not poll.poll(math.ceil(left * 1000)):
            raise OutOfTime


def understood(said: bytes) -> Question | LastWord:
    """Raises Nonsense for whatever sandbox_child.work would not say."""
    try:
        message = json.loads(said, parse_constant=_no_number)
    except (ValueError, RecursionError, MemoryError) as error:
        raise Nonsense("no JSON") from error
    match message:
        case ["ask", question]:
            return Question(question)
        case [str(kind), value] if kind in LAST_WORDS:
            return LastWord(kind, value)
    raise Nonsense("shape")


def _no_number(_constant: str) -> NoReturn:
    raise ValueError("NaN, Infinity")
