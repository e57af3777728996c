"""Real servers on loopback: an SMTP server and an HTTP gateway, with answers set by the test."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.utils import timezone
from pytest_django import Settings

from notifications.models import Channel, Message
from tests.serving import serve


@dataclass
class MailServer:
    """Records messages, and answers as set: for an address, or for all."""

    received: list[Envelope] = field(default_factory=list)
    connections: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    greeting: str = ""

    async def handle_EHLO(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return [self.greeting] if self.greeting else responses

    async def handle_HELO(self, server: SMTP, session: Session, envelope: Envelope, hostname: str) -> str:  # noqa: N802
        session.host_name = hostname
        return self.greeting or "250 here"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.received.append(envelope)
        return "250 taken"


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[MailServer]:
    handler = MailServer()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND = "notifications.channels.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = controller.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_TIMEOUT = 2
    yield handler
    controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class SmsGateway:
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    answer: Any = None
    content: bytes = b""  # instead of an answer in JSON
    drip: str = ""  # what it sends byte by byte, without end: "headers" or "body"


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return dict(parse_qsl(body.decode()))  # the format of Mailgun


@pytest.fixture
def gateway(settings: Settings) -> Iterator[SmsGateway]:
    gateway = SmsGateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            gateway.requests.append({"path": self.path, "headers": dict(self.headers), "body": _read(body)})
            time.sleep(gateway.seconds)
            if gateway.drip:
                self.close_connection = True
                with contextlib.suppress(OSError):  # the client has hung up, at last
                    drip(self.wfile, gateway)
                return
            self.send_response(gateway.status)
            for name, value in gateway.headers.items():
                self.send_header(name, value)
            content = gateway.content if gateway.answer is None else json.dumps(gateway.answer).encode()
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Logs nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serve(server)
    gateway.url = settings.SMS_URL = f"http://127.0.0.1:{server.server_address[1]}/send"
    settings.SMS_TOKEN = "gateway-token"
    yield gateway
    server.shutdown()
    server.server_close()


def drip(out: BufferedIOBase, gateway: SmsGateway) -> None:
    """No read of the socket ever times out."""
    out.write(
        b"HTTP/1.1 200 OK\r\n" + (b"Content-Length: 100000\r\n\r\n" if gateway.drip == "body" else b"X-Patience: ")
    )
    for _byte in range(600):
        out.write(b"x")
        out.flush()
        time.sleep(0.1)


def make_email(to: str = "marie.durand@courriel.example", **fields: Any) -> Message:
    return Message.objects.create(
        channel=Channel.EMAIL,
        to=to,
        subject="Un document vous attend",
        body="Bonjour,\nouvrez https://documents.example/invitation/secret",
        **_planned(fields),
    )


def make_sms(text: str = "Votre code est 123456", **fields: Any) -> Message:
    return Message.objects.create(channel=Channel.SMS, to="+33612345678", body=text, **_planned(fields))


def _planned(fields: dict[str, Any]) -> dict[str, Any]:
    """Due at its planned time, by default now."""
    due_at = fields.get("due_at", timezone.now())
    return {"due_at": due_at, "planned_at": due_at, **fields}
