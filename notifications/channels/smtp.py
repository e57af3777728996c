"""SMTP with a deadline for each whole answer (EMAIL_TIMEOUT).

The time-out of a socket restarts with every byte, so a tarpit that sends single bytes would block a worker for hours.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import threading
import time
from typing import Any

from django.core.mail.backends.smtp import EmailBackend as DjangoEmailBackend

LOOK_EVERY = 0.25  # seconds


class _Watched(smtplib.SMTP):
    """Watches one connection with one thread, for any number of answers."""

    _answer_due: float | None = None
    _was_cut = False
    _over: threading.Event | None = None

    def getreply(self) -> tuple[int, bytes]:
        if isinstance(self.timeout, int | float):
            self._answer_due = time.monotonic() + self.timeout
            self._begin_to_watch()
        try:
            answer = super().getreply()
        finally:
            self._answer_due = None
        if self._was_cut:  # the bytes received so far may look like an answer
            self.close()
            raise smtplib.SMTPServerDisconnected("Its answer did not end")
        return answer

    def close(self) -> None:
        if self._over is not None:
            self._over.set()
            self._over = None
        super().close()

    def _begin_to_watch(self) -> None:
        if self._over is None:
            self._over = threading.Event()
            threading.Thread(target=self._watch, args=(self._over,), daemon=True).start()

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(LOOK_EVERY):
            due, connection = self._answer_due, self.sock
            if due is not None and time.monotonic() > due and connection is not None:
                self._was_cut = True
                with contextlib.suppress(OSError):  # closed meanwhile
                    connection.shutdown(socket.SHUT_RDWR)  # the reading thread then sees the end of the connection
                return


class _WatchedOverTls(_Watched, smtplib.SMTP_SSL):
    pass


class EmailBackend(DjangoEmailBackend):
    @property
    def connection_class(self) -> type[Any]:
        return _WatchedOverTls if self.use_ssl else _Watched
