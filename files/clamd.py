"""The part of clamd's protocol (clamd(8)) that scans a file.

The whole conversation has one deadline: the time-out of a socket restarts with every byte, so a scanner that sends
its answer byte by byte would block an upload for ever. Any reply that is not exactly clamd's counts as no answer.
"""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import urlsplit

CHUNK = 1 << 16
LONGEST_LINE = 4096  # bytes; clamd sends the name of a virus and a few words
FOUND = re.compile(r"stream: (.+) FOUND")
SAID_BY_CLAMD = re.compile(r"stream: .+ ERROR|.*size limit exceeded.*ERROR")
TOO_LONG = "INSTREAM size limit exceeded. ERROR"


class NoAnswer(Exception):
    """clamd is unreachable, sent an unknown reply, or exceeded the deadline."""


class ClosedEarly(NoAnswer):
    """clamd closed the connection early. `sent`: how many bytes of the file had been sent."""

    def __init__(self, sent: int) -> None:
        super().__init__(f"broken off after {sent} bytes")
        self.sent = sent


class TooLong(Exception):
    """The file is longer than clamd's StreamMaxLength."""


@dataclass(frozen=True)
class Clamd:
    """`tcp://host:port` or `unix:///path`. Raises ValueError, with a sentence, for anything else."""

    url: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        is_path = parts.scheme == "unix" and parts.path and not parts.netloc
        if not is_path and not (parts.scheme == "tcp" and parts.hostname and parts.port):
            raise ValueError(
                f"CLAMD_URL is {self.url}. Set CLAMD_URL to tcp://host:3310 or unix:///run/clamav/clamd.ctl."
            )

    def ping(self, *, until: float) -> None:
        """Returns if clamd answers. `until`: deadline by time.monotonic(). Raises NoAnswer."""
        if self._ask(b"PING", None, until) != "PONG":
            raise NoAnswer("no PONG")

    def find(self, file: BinaryIO, *, until: float) -> str | None:
        """The virus that clamd finds; None if it scanned the whole file and found nothing. Raises NoAnswer,
        TooLong."""
        answer = self._ask(b"INSTREAM", file, until)
        if answer == "stream: OK":
            return None
        if match := FOUND.fullmatch(answer):
            return match[1]
        if answer == TOO_LONG:
            raise TooLong
        raise NoAnswer(answer if SAID_BY_CLAMD.fullmatch(answer) else "not a word of clamd's")

    def _ask(self, command: bytes, file: BinaryIO | None, until: float) -> str:
        try:
            with self._connected(until) as connection:
                connection.sendall(b"n%s\n" % command)
                if file is None:
                    return _line(connection, until)
                sent = 0
                try:
                    for sent in _send(connection, file, until):  # noqa: B007  # how far it came
                        pass
                except (BrokenPipeError, ConnectionResetError):
                    # Beyond its StreamMaxLength clamd closes the connection; its reply is often still readable.
                    with contextlib.suppress(OSError, NoAnswer):
                        return _line(connection, until)
                    raise ClosedEarly(sent) from None
                try:
                    return _line(connection, until)
                except ConnectionError as error:
                    raise ClosedEarly(sent) from error
        except OSError as error:
            raise NoAnswer(type(error).__name__) from error

    @contextlib.contextmanager
    def _connected(self, until: float) -> Iterator[socket.socket]:
        parts = urlsplit(self.url)
        if parts.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(_left(until))
                connection.connect(parts.path)
                yield connection
        else:
            with socket.create_connection((parts.hostname, parts.port), _left(until)) as connection:
                yield connection


def _send(connection: socket.socket, file: BinaryIO, until: float) -> Iterator[int]:
    """Send the file in pieces, each behind its length; yields the number of bytes sent so far."""
    sent = 0
    while chunk := file.read(CHUNK):
        connection.settimeout(_left(until))
        connection.sendall(len(chunk).to_bytes(4) + chunk)
        sent += len(chunk)
        yield sent
    connection.settimeout(_left(until))
    connection.sendall(bytes(4))


def _line(connection: socket.socket, until: float) -> str:
    """One whole line. Raises NoAnswer; ConnectionError if the connection closed before the end of the line."""
    line = bytearray()
    while not line.endswith(b"\n"):
        connection.settimeout(_left(until))
        piece = connection.recv(LONGEST_LINE)
        if not piece:
            raise ConnectionResetError("closed before the end of its answer")
        line += piece
        if len(line) > LONGEST_LINE:
            raise NoAnswer("it does not come to an end")
    try:
        return line[:-1].decode()
    except UnicodeDecodeError as error:
        raise NoAnswer("not a text") from error


def _left(until: float) -> float:
    """Seconds left until the deadline. Raises TimeoutError."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
