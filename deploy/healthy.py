"""The health checks of containers: `healthy.py web|worker|beat`, exit code 0 when all is well.

web: /readyz says that everything answers. worker: this very worker answers a ping through the queue. beat: the
scheduler noted what it sent (it does so every three minutes).
"""

from __future__ import annotations

import os
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
LONGEST_SILENCE = 400  # seconds; beat writes every 180
NODE = os.environ.get("WORKER_NAME") or f"celery@{socket.gethostname()}"


def web() -> str:
    public = urlsplit(os.environ.get("PUBLIC_URL", "http://localhost"))
    question = urllib.request.Request(
        f"http://127.0.0.1:{os.environ.get('PORT', '8000')}/readyz",
        headers={"Host": public.netloc, "X-Forwarded-Proto": public.scheme},
    )
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(question, timeout=8):
            return ""
    except OSError as error:
        return error.read().decode() if isinstance(error, urllib.error.HTTPError) else str(error)


def worker() -> str:
    from docshare.celery import app

    return "" if app.control.ping(destination=[NODE], timeout=5) else f"{NODE} does not answer."


def beat() -> str:
    files = list((Path(os.environ["DATA_DIR"]) / "queue").glob("beat-schedule*"))
    newest = max((file.stat().st_mtime for file in files), default=0.0)
    return "" if time.time() - newest < LONGEST_SILENCE else "The scheduler has noted nothing for a while."


if __name__ == "__main__":
    fault = {"web": web, "worker": worker, "beat": beat}[sys.argv[1]]()
    if fault:
        sys.exit(fault)
