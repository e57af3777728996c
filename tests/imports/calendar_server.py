"""A server on loopback with a calendar that tests change, and that lies, hangs, drips or redirects as they say."""

from __future__ import annotations

import contextlib
import gzip
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.serving import serve

BLOCK = b"x" * (1 << 20)


@dataclass
class CalendarServer:
    """`body`: what it answers. `etag`: answered, and compared with If-None-Match if not empty."""

    url: str = ""
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: str = ""
    behaviour: str = ""  # "", "drip", "hang", "endless", "bomb", "cut", "unmeasured"
    asked: list[dict[str, str]] = field(default_factory=list)
    sent: int = 0  # bytes of an endless answer
    released: threading.Event = field(default_factory=threading.Event)

    def show(self, *events: str) -> None:
        self.body = calendar(*events)

    def answer(self, to: BaseHTTPRequestHandler) -> None:
        self.asked.append({name.lower(): value for name, value in to.headers.items()})
        to.close_connection = True
        if self.behaviour == "hang":
            self.released.wait(60)
            return
        if self.etag and to.headers.get("If-None-Match") == self.etag:
            to.send_response(304)
            to.end_headers()
            return
        to.send_response(self.status)
        if self.etag:
            to.send_header("ETag", self.etag)
        for name, value in self.headers.items():
            to.send_header(name, value)
        with contextlib.suppress(OSError):  # the client has hung up
            self._body(to)

    def _body(self, to: BaseHTTPRequestHandler) -> None:
        body = self.body
        if self.behaviour == "endless":
            to.end_headers()
            while not self.released.is_set():
                self.sent += to.wfile.write(BLOCK)
            return
        if self.behaviour == "bomb":
            to.send_header("Content-Encoding", "gzip")
            body = gzip.compress(BLOCK * 200)
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.compress(body)
        if self.behaviour != "unmeasured":
            to.send_header("Content-Length", str(len(body) + (100 if self.behaviour == "cut" else 0)))
        to.end_headers()
        if self.behaviour == "drip":
            for byte in body:
                to.wfile.write(bytes([byte]))
                if self.released.wait(0.1):
                    return
            return
        to.wfile.write(body)


@contextlib.contextmanager
def serving() -> Iterator[CalendarServer]:
    shown = CalendarServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            shown.answer(self)

        def log_message(self, *args: object) -> None:
            """Logs nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serve(server)
    shown.url = f"http://127.0.0.1:{server.server_address[1]}/secret-of-the-calendar.ics"
    try:
        yield shown
    finally:
        shown.released.set()
        server.shutdown()
        server.server_close()


def calendar(*events: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Autre logiciel//FR", *events, "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


def event(
    uid: str, at: datetime, who: str = "DURAND Marie 03/02/1941", *, minutes: int = 20, more: Iterable[str] = ()
) -> str:
    """`who`: the summary."""
    start, end = at.astimezone(UTC), at.astimezone(UTC).timestamp() + minutes * 60
    return "\r\n".join(
        [
            "BEGIN:VEVENT",
            f"UID:{uid}",
            f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
            f"DTEND:{datetime.fromtimestamp(end, UTC):%Y%m%dT%H%M%SZ}",
            f"SUMMARY:{who}",
            *more,
            "END:VEVENT",
        ]
    )
