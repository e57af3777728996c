"""Uploads in pieces over real sockets: cut at every tenth of a file, and from two tabs at once."""

from __future__ import annotations

import json
import random
import socket
import threading
import uuid
from collections.abc import Callable
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from documents.models import PartialUpload, ReceivedDocument
from files import pieces
from tests.conftest import PDF
from tests.documents.receiving.conftest import *  # noqa: F403  # a request
from tests.documents.receiving.conftest import Ask

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
TENTHS = 10
NOISE = bytes(random.Random(5).choices(range(128, 256), k=1_500_000))
CONTENT = PDF + b"\n%" + NOISE
SIZE = len(CONTENT) // TENTHS + 1


class Browser:
    """One tab: the session of an account, on connections of its own."""

    def __init__(self, base: str, client: Client, path: str) -> None:
        client.get(path)  # sets the token
        cookies = {name: morsel.value for name, morsel in client.cookies.items()}
        self.address, self.path = urlsplit(base).netloc, path
        self.headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "X-CSRFToken": cookies[settings.CSRF_COOKIE_NAME],
            "X-Requested-With": "pieces",
        }

    def begin(self) -> Any:
        body = urlencode({"name": "a.pdf", "size": len(CONTENT), "fingerprint": "a"})
        answer = self._ask("POST", f"{self.path}pieces/", body, {"Content-Type": "application/x-www-form-urlencoded"})
        return json.loads(answer.read())

    def add(self, upload: str, start: int) -> HTTPResponse:
        headers = {"Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}
        return self._ask("PATCH", f"{self.path}pieces/?upload={upload}", CONTENT[start : start + SIZE], headers)

    def cut(self, upload: str, start: int) -> None:
        """Half of a piece, then nothing."""
        piece = CONTENT[start : start + SIZE]
        head = {**self.headers, "Host": self.address, "Upload-Offset": start, "Content-Length": len(piece)}
        lines = [
            f"PATCH {self.path}pieces/?upload={upload} HTTP/1.1",
            *(f"{name}: {value}" for name, value in head.items()),
        ]
        host, _, port = self.address.partition(":")
        with socket.create_connection((host, int(port))) as line:
            line.sendall("\r\n".join([*lines, "", ""]).encode() + piece[: len(piece) // 2])

    def send(self, upload: str) -> HTTPResponse:
        body = urlencode({"sending": uuid.uuid4(), "upload": upload})
        return self._ask("POST", self.path, body, {"Content-Type": "application/x-www-form-urlencoded"})

    def _ask(self, method: str, path: str, body: str | bytes, headers: dict[str, str]) -> HTTPResponse:
        connection = HTTPConnection(self.address, timeout=60)
        connection.request(method, path, body, {**self.headers, **headers})
        return connection.getresponse()


@pytest.fixture
def tab(
    live_server: Any, appointment: Appointment, ask_for: Ask, maries_account: User, sign_in: Callable[[User], Client]
) -> Browser:
    return Browser(live_server.url, sign_in(maries_account), f"/requests/{ask_for(appointment).pk}/")


def test_a_line_cut_within_every_tenth_loses_that_piece_alone(tab: Browser) -> None:
    for start in range(0, len(CONTENT), SIZE):
        begun = tab.begin()  # as after a reload
        assert begun["offset"] == start
        tab.cut(begun["id"], start)
        assert tab.begin() == begun
        assert tab.add(begun["id"], start).status == 204
    assert PartialUpload.objects.get().is_complete
    sent = tab.send(begun["id"])
    assert (sent.status, sent.getheader("Location")) == (201, tab.path)
    assert tab.send(begun["id"]).status == 201
    assert ReceivedDocument.objects.get().page_count == 1
    assert pieces.uploads() == set()


def test_two_tabs_that_send_the_same_file_at_once_send_it_once(tab: Browser) -> None:
    ended: list[int] = []

    def upload() -> None:
        begun = tab.begin()
        while begun["offset"] < len(CONTENT):
            answer = tab.add(begun["id"], begun["offset"])
            if answer.status == 410:  # the other tab has sent it: the browser begins anew
                begun = tab.begin()
            else:
                begun["offset"] = int(answer.getheader("Upload-Offset") or -1)
                assert begun["offset"] > 0
        ended.append(tab.send(begun["id"]).status)

    tabs = [threading.Thread(target=upload) for _ in range(2)]
    for one in tabs:
        one.start()
    for one in tabs:
        one.join(120)
    assert ended == [201, 201]
    assert {one.size for one in PartialUpload.objects.all()} == {len(CONTENT)}
    assert ReceivedDocument.objects.count() == 1
    assert pieces.uploads() == set()
