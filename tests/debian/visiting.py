"""A client outside the machine: requests its site over TLS, and verifies the certificate against an authority."""

from __future__ import annotations

import http.client
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.debian.machine import Machine

HOST = "documents.example"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes


@dataclass
class Visitor:
    machine: Machine
    authority: Path  # PEM; the issuer of the site's certificate
    token: str = ""

    def ask(self, method: str, path: str, **more: Any) -> Answer:
        """`more`: as for `requests`. Raises OSError (ssl.SSLError among them)."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        asked = requests.Request(method, f"https://{HOST}{path}", headers=headers, **more).prepare()
        return self.machine.in_network(lambda: self._ask(asked))

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def _ask(self, asked: requests.PreparedRequest) -> Answer:
        context = ssl.create_default_context(cafile=str(self.authority))
        with (
            socket.create_connection(("127.0.0.1", 443), 30) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as wire,
        ):
            connection = http.client.HTTPConnection(HOST)
            connection.sock = wire
            connection.request(str(asked.method), asked.path_url, asked.body, dict(asked.headers))
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
