"""A mail server and an SMS gateway that store what they receive: `python -m tools.stack.sinks smtp|sms port folder`.

Files are named as in the embedded default's outbox, so that the same code reads both.
"""

from __future__ import annotations

import json
import sys
import threading
import uuid
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


def keep(folder: Path, content: bytes, extension: str) -> None:
    """Write the file atomically."""
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{uuid.uuid4()}"
    partial = folder / f".{name}"
    partial.write_bytes(content)
    partial.rename(folder / f"{name}{extension}")


def take_emails(port: int, folder: Path) -> None:
    class Keep:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
            keep(folder, envelope.content, ".eml")
            return "250 kept"

    Controller(Keep(), hostname="127.0.0.1", port=port).start()
    threading.Event().wait()


def take_sms(port: int, folder: Path) -> None:
    class Keep(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            message = json.loads(body)
            keep(folder, json.dumps({"to": message["to"], "text": message["text"]}).encode(), ".sms.json")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            return

    ThreadingHTTPServer(("127.0.0.1", port), Keep).serve_forever()


if __name__ == "__main__":
    {"smtp": take_emails, "sms": take_sms}[sys.argv[1]](int(sys.argv[2]), Path(sys.argv[3]))
