"""HTTP with a deadline for each whole answer, headers and body (deadlines.py says why)."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from notifications.channels.deadlines import Deadline


class AnswerDidNotEnd(requests.ConnectionError):
    """The deadline passed. The bytes received so far may look like an answer but are not a complete one."""


class _Exchange:
    """The connection time-out bounds connecting and the TLS handshake."""

    connection: HTTPConnection | None = None

    def cut_off(self) -> None:
        connection = self.connection.sock if self.connection else None
        if connection is not None:
            with contextlib.suppress(OSError):  # closed meanwhile
                connection.shutdown(socket.SHUT_RDWR)  # the reading thread then sees the end of the answer


_of_this_thread = threading.local()


@contextlib.contextmanager
def whole_answer_within(seconds: float) -> Iterator[None]:
    """A context that cuts this thread's HTTP exchange off at the deadline. Raises AnswerDidNotEnd."""
    exchange = _of_this_thread.exchange = _Exchange()
    deadline = Deadline(seconds, exchange.cut_off)
    try:
        yield
    except Exception as error:
        if deadline.end():
            raise AnswerDidNotEnd from error
        raise
    finally:
        _of_this_thread.exchange = None
        was_cut = deadline.end()
    if was_cut:
        raise AnswerDidNotEnd


class WatchedConnection(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _show(self)
        super().request(*args, **kwargs)


class WatchedTlsConnection(HTTPSConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _show(self)
        super().request(*args, **kwargs)


def _show(connection: HTTPConnection) -> None:
    if exchange := getattr(_of_this_thread, "exchange", None):
        exchange.connection = connection


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = WatchedConnection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = WatchedTlsConnection


class WholeAnswers(HTTPAdapter):
    """For a session of requests: `bound(session, seconds)`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        with whole_answer_within(self._seconds):
            answer = super().send(*args, **kwargs)
            _ = answer.content  # read the body here, under the deadline
        return answer


def bound(session: requests.Session, seconds: float) -> None:
    """Every answer of the session ends within so many seconds, or raises a requests.ConnectionError."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, WholeAnswers(seconds))
