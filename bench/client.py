"""Loads the stack with concurrent requests: wrk for rates, and slow readers."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path

from tools.stack.stack import Stack

UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True)
class Rate:
    a_second: float
    p99: float  # seconds
    failed: int


class Patient:
    """The session of a patient with a document."""

    def __init__(self, stack: Stack, session: str) -> None:
        self.stack = stack
        csrf = "b" * 32
        self.headers = {
            "Cookie": f"__Host-session={session}; __Host-csrf={csrf}",
            "X-CSRFToken": csrf,
            "Origin": stack.places.site,
        }

        self.base = stack.places.site

    def at_floor(self) -> Patient:
        """The same requests for plain files of nginx."""
        other = copy(self)
        other.base = f"https://localhost:{self.stack.places.port('floor')}"
        return other

    def rate(self, path: str, *, method: str = "GET", at_once: int = 4, seconds: int = 8) -> Rate:
        """Run wrk over TLS. Raises RuntimeError if it is not installed."""
        program = shutil.which("wrk")
        if program is None:
            raise RuntimeError("wrk is not installed: apt-get install wrk")
        script = self.stack.places.folder / "wrk.lua"
        script.write_text(f'wrk.method = "{method}"\n')
        headers = [part for name, value in self.headers.items() for part in ("-H", f"{name}: {value}")]
        command = [
            program,
            "-t1",
            f"-c{at_once}",
            f"-d{seconds}s",
            "--latency",
            "--timeout",
            "60s",
            "-s",
            str(script),
        ]
        output = subprocess.run(
            [*command, *headers, self.base + path], check=True, capture_output=True, text=True
        ).stdout
        (rate,) = re.findall(r"Requests/sec:\s+([\d.]+)", output)
        ((p99, unit),) = re.findall(r"99%\s+([\d.]+)(us|ms|s|m)", output)
        failed = sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", output)))
        failed += sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", output)))
        return Rate(float(rate), float(p99) * UNITS[unit], failed)

    @contextmanager
    def slow_readers(self, path: str, count: int) -> Iterator[None]:
        """`count` downloads at once, each read at 80 kB/s until the end of the block."""
        done = threading.Event()
        context = ssl.create_default_context(cafile=str(self.stack.places.secrets / "tls_certificate"))
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        request = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n{lines}\r\n".encode()
        connections = []
        for _ in range(count):
            plain = socket.create_connection(("127.0.0.1", self.stack.places.port("https")))
            connection = context.wrap_socket(plain, server_hostname="localhost")
            connection.sendall(request)
            assert connection.recv(12) == b"HTTP/1.1 200"
            connections.append(connection)

        def read() -> None:
            while not done.wait(0.2):
                for connection in connections:
                    assert connection.recv(16_384), "a slow download ended early"

        reader = threading.Thread(target=read)
        reader.start()
        try:
            yield
        finally:
            done.set()
            reader.join()
            for connection in connections:
                connection.close()


def copied_and_hashed(source: Path) -> None:
    target = source.with_suffix(".floor")
    subprocess.run(["sh", "-c", 'cp "$1" "$2" && sha256sum "$2" > /dev/null', "-", source, target], check=True)
    target.unlink()
