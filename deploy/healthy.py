"""The health checks of containers: `healthy.py web|worker|beat|backup`, exit code 0 when all is well.

web: /readyz answers that the process is ready. worker: its heartbeat is recent, which means that its loop runs and is
connected to the queue. beat: the scheduler has saved its schedule (every three minutes). backup: the last one is not
too old.

They run every few seconds, so they import neither Django nor celery nor slow modules of Python.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

LONGEST_SILENCE = 400  # seconds; beat saves every 180
LONGEST_WAIT = 26 * 3600  # seconds; a backup is made every 24 hours
LONGEST_PAUSE = 20  # seconds; a worker beats every 2
ANSWER_SECONDS = 8
LONGEST_ANSWER = 64 << 10


def web() -> str:
    scheme, _, host = os.environ.get("PUBLIC_URL", "http://localhost").rstrip("/").partition("://")
    question = f"GET /readyz HTTP/1.0\r\nHost: {host}\r\nX-Forwarded-Proto: {scheme}\r\n\r\n"
    try:
        with socket.create_connection(
            ("127.0.0.1", int(os.environ.get("PORT", "8000"))), ANSWER_SECONDS
        ) as connection:
            connection.sendall(question.encode())
            answer = connection.makefile("rb").read(LONGEST_ANSWER).decode(errors="replace")
    except OSError as error:
        return str(error)
    head, _, body = answer.partition("\r\n\r\n")
    status = head.split(" ")[1:2]
    return "" if status == ["200"] else body or head or "The web process closed the connection."


def worker() -> str:
    node = os.environ.get("WORKER_NAME") or f"celery@{socket.gethostname()}"
    silent = age(queue() / f"{node}.alive")
    return "" if silent < LONGEST_PAUSE else f"{node} gives no sign of life."


def beat() -> str:
    silent = min(map(age, queue().glob("beat-schedule*")), default=LONGEST_SILENCE)
    return "" if silent < LONGEST_SILENCE else "The scheduler has noted nothing for a while."


def backup() -> str:
    waited = age(Path(os.environ["DATA_DIR"]) / "backups" / "last-success.json")
    return "" if waited < LONGEST_WAIT else "No backup was finished for more than a day."


def queue() -> Path:
    return Path(os.environ["DATA_DIR"]) / "queue"


def age(path: Path) -> float:
    """Seconds since the file was written; infinite if it is missing."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


if __name__ == "__main__":
    fault = {"web": web, "worker": worker, "beat": beat, "backup": backup}[sys.argv[1]]()
    if fault:
        sys.exit(fault)
