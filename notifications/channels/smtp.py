"""SMTP whose answers end. The time-out of a socket begins anew with every byte: a tarpit, which drips one after the
other, would hold a worker for hours. Here EMAIL_TIMEOUT bounds a whole answer.
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
    """One thread for a connection, however many answers it reads."""

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
        if self._was_cut:  # what came until then may look like an answer
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
                    connection.shutdown(socket.SHUT_RDWR)  # whoever reads finds the end of the conversation
                return


class _WatchedOverTls(_Watched, smtplib.SMTP_SSL):
    pass


class EmailBackend(DjangoEmailBackend):
    @property
    def connection_class(self) -> type[Any]:
        return _WatchedOverTls if self.use_ssl else _Watched
