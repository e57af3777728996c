"""SMTP with a deadline for each whole answer (EMAIL_TIMEOUT; deadlines.py says why)."""

from __future__ import annotations

import contextlib
import smtplib
import socket
from typing import Any

from django.core.mail.backends.smtp import EmailBackend as DjangoEmailBackend

from notifications.channels.deadlines import Deadline


class _Watched(smtplib.SMTP):
    def getreply(self) -> tuple[int, bytes]:
        timeout: object = self.timeout
        if not isinstance(timeout, int | float):  # none was given
            return super().getreply()
        deadline = Deadline(timeout, self._cut_off)
        try:
            answer = super().getreply()
        finally:
            was_cut = deadline.end()
        if was_cut:  # the bytes received so far may look like an answer
            self.close()
            raise smtplib.SMTPServerDisconnected("Its answer did not end")
        return answer

    def _cut_off(self) -> None:
        if self.sock is not None:
            with contextlib.suppress(OSError):  # closed meanwhile
                self.sock.shutdown(socket.SHUT_RDWR)  # the reading thread then sees the end of the connection


class _WatchedOverTls(_Watched, smtplib.SMTP_SSL):
    pass


class EmailBackend(DjangoEmailBackend):
    @property
    def connection_class(self) -> type[Any]:
        return _WatchedOverTls if self.use_ssl else _Watched
