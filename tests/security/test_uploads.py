"""Uploads to the web server itself: broken, false or expanding ones leave nothing, and the server keeps running."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS, SECONDS = 120, 60  # on a busy machine
HEAD = b"POST /api/v1/verify/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=xx\r\n"
PART = b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
BODY = PART + b"%PDF-1.7 " + b"x" * 1_000_000 + b"\r\n--xx--\r\n"

pytestmark = pytest.mark.slow


@dataclass
class WebServer:
    port: int
    process: subprocess.Popen[bytes]
    uploads: Path

    def answers(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.address}/healthz", timeout=10) as answer:
            return bool(answer.status == 200)
        return False

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def workers(self) -> list[int]:
        return [child.pid for child in psutil.Process(self.process.pid).children() if "gunicorn" in child.name()]

    def say(self, request: bytes, *, then_close: bool = False) -> bytes:
        """The status line, or nothing if the server hung up. `then_close`: close without waiting for an answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS) as line:
            try:
                line.sendall(request)
                if then_close:
                    return b""
                line.shutdown(socket.SHUT_WR)
                return line.recv(1000).split(b"\r\n")[0]
            except OSError:  # the server closed the connection, before or after we did
                return b""

    def left(self) -> list[Path]:
        """Files in the upload folder at the end."""
        deadline = time.monotonic() + SECONDS
        while (left := list(self.uploads.glob("*"))) and time.monotonic() < deadline:
            time.sleep(0.2)
        return left


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    data_dir = tmp_path_factory.mktemp("web")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environment = {**os.environ, "DATA_DIR": str(data_dir), "PORT": str(port), "WEB_CONCURRENCY": "1"}
    environment["DJANGO_SETTINGS_MODULE"] = "docshare.settings"
    gunicorn = [str(Path(sys.executable).with_name("gunicorn")), "--config", "deploy/gunicorn.conf.py"]
    with (data_dir / "output").open("wb") as output:
        process = subprocess.Popen(
            [*gunicorn, "docshare.wsgi"], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    web = WebServer(port, process, data_dir / "uploads")
    try:
        deadline = time.monotonic() + START_SECONDS
        while not web.answers():
            assert process.poll() is None, (data_dir / "output").read_text()
            assert time.monotonic() < deadline, (data_dir / "output").read_text()
            time.sleep(0.2)
        yield web
    finally:
        process.terminate()
        process.wait(30)


def test_what_a_neighbour_on_this_machine_says_of_a_proxy_is_not_believed(server: WebServer) -> None:
    """By default gunicorn trusts every caller from 127.0.0.1."""
    said = b"Host: localhost\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\n\r\n"  # contradictory if trusted
    assert b" 200 " in server.say(b"GET /healthz HTTP/1.1\r\n" + said)
    assert b" 404 " in server.say(b"GET /x/healthz HTTP/1.1\r\nSCRIPT_NAME: /x\r\n" + said)


def length(of: int) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % of


LIES = {
    "dropped at 99 of a hundred": HEAD + length(len(BODY)) + BODY[: len(BODY) * 99 // 100],
    "longer than it is": HEAD + length(len(BODY) + 5_000_000) + BODY,
    "shorter than it is": HEAD + length(len(BODY) // 2) + BODY,
    "no length": HEAD + b"\r\n" + BODY,
    "length of no number": HEAD + b"Content-Length: many\r\n\r\n" + BODY,
    "length below nothing": HEAD + length(-1) + BODY,
    "two lengths": HEAD + b"Content-Length: 5\r\n" + length(len(BODY)) + BODY,
    "chunks that are none": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + BODY,
    "endless header": HEAD + b"X-Long: " + b"x" * 5_000_000,
    "a hundred thousand headers": HEAD + b"X-More: x\r\n" * 100_000 + b"\r\n",
    "a header of a part without end": HEAD + length(2_000_100) + b"--xx\r\nX-Long: " + b"x" * 2_000_000,
    "ten thousand parts": HEAD
    + length(len(PART + b"x\r\n") * 10_000 + 8)
    + (PART + b"x\r\n") * 10_000
    + b"--xx--\r\n",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_request_that_lies_is_refused_and_leaves_nothing(lie: str, server: WebServer) -> None:
    before = server.workers
    said = server.say(LIES[lie])
    assert said == b"" or said.split()[1] in (b"400", b"413", b"431"), said
    assert server.left() == []
    assert server.answers()
    assert server.workers == before


def test_uploads_that_break_off_at_once_leave_nothing(server: WebServer) -> None:
    for _ in range(20):
        server.say(LIES["dropped at 99 of a hundred"], then_close=True)
    assert server.left() == []
    assert server.answers()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_after_a_bomb_the_same_web_process_answers_on(server: WebServer) -> None:
    size = struct.pack(">IIBBBBB", 6_000, 6_000, 16, 6, 0, 0, 0)  # 36 million pixels of eight bytes
    rows = zlib.compressobj(1)
    drawn = b"".join(rows.compress(bytes(6_000 * 8 + 1)) for _ in range(6_000)) + rows.flush()
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", drawn) + chunk(b"IEND", b"")
    before = server.workers
    body = PART.replace(b"a.pdf", b"bombe.png") + bomb + b"\r\n--xx--\r\n"
    said = server.say(HEAD + length(len(body)) + body)
    assert said.split()[1] == b"400"
    assert server.left() == []
    assert server.answers()
    assert server.workers == before
    assert psutil.Process(before[0]).memory_info().rss < 400 << 20
