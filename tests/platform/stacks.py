"""A whole production site on this machine for the tests of a module, and requests to it over TLS."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tools.stack.stack import Stack


@contextmanager
def running(storage: str) -> Iterator[Stack]:
    """Below /tmp: PostgreSQL runs as another user and must reach it; paths of sockets must be short."""
    folder = Path(tempfile.mkdtemp(prefix=f"docshare-{storage}-", dir="/tmp"))
    stack = Stack(folder, storage=storage)
    try:
        stack.start()
        (folder / "environment.json").write_text(json.dumps(stack.environment))
        yield stack
    finally:
        stack.stop()
        shutil.rmtree(folder)


class Caller:
    """A program with a user's token, or without."""

    def __init__(self, stack: Stack, token: str = "") -> None:
        self.stack = stack
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(stack.places.secrets / "tls_certificate")
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        address = path if path.startswith("http") else self.stack.places.site + path
        return self.session.request(method, address, **{"timeout": 60, "allow_redirects": False, **more})

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, **more: Any) -> requests.Response:
        return self.ask("POST", path, **more)
