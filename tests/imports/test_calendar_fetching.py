"""Addresses of calendars lead to nobody inside, and TLS proves who answers."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_django import Settings

from accounts.public_addresses import is_public
from imports.calendar_fetching import SILENT, NotRead, fetch
from tests.imports.calendar_server import calendar
from tests.serving import serve


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Self-signed, for localhost, with its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=localhost")
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = tmp_path / "localhost.pem"
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(pem)
    )
    return file


@pytest.fixture
def port(certificate: Path) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(calendar())

        def log_message(self, *args: object) -> None:
            """Logs nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    serve(server)
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_a_server_without_a_valid_certificate_is_not_read(
    port: int, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotRead) as refused:
        fetch(f"https://localhost:{port}/a.ics")
    assert refused.value.reason == SILENT
    monkeypatch.setattr("certifi.where", lambda: str(certificate))
    assert fetch(f"https://localhost:{port}/a.ics").body == calendar()
    with pytest.raises(NotRead):
        fetch(f"https://127.0.0.1:{port}/a.ics")  # not the name in the certificate


def resolving_to(answers: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name server of an attacker. Returns the addresses that are connected to."""
    connected: list[str] = []

    def resolver(host: Any, port: Any, *more: Any, **options: Any) -> Any:
        address = host if is_public(str(host)) else answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(_self: socket.socket, address: Any) -> None:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    monkeypatch.setattr(socket.socket, "connect", connect)
    return connected


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "0.0.0.0"])
def test_a_name_that_leads_inside_is_not_called(
    inside: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOKS_MAY_STAY_INSIDE = False
    connected = resolving_to([inside], monkeypatch)
    with pytest.raises(NotRead, match="réseau interne"):
        fetch("https://logiciel.example/a.ics")
    assert connected == []


def test_the_connection_goes_to_the_address_that_was_checked(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that resolves to a public address first and to an internal one next (DNS rebinding)."""
    settings.WEBHOOKS_MAY_STAY_INSIDE = False
    connected = resolving_to(["8.8.8.8", "127.0.0.1"], monkeypatch)
    with pytest.raises(NotRead):
        fetch("https://logiciel.example/a.ics")
    assert connected == ["8.8.8.8"]
