"""The health checks of containers: correct, and cheap because they run every few seconds."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from docshare import worker_health
from tests.serving import serve

ROOT = Path(__file__).resolve().parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
CHECKS = {
    name: service["healthcheck"]["test"][1:]
    for name, service in SERVICES.items()
    if "deploy/healthy.py" in service.get("healthcheck", {}).get("test", [])
}
pytestmark = pytest.mark.ground


def check(name: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it as docker-compose.yml does."""
    program, *arguments = CHECKS[name]
    return subprocess.run(
        [str(Path(sys.executable).with_name(program)), *arguments],
        cwd=ROOT, env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


class Web(ThreadingHTTPServer):
    status = 200
    seen: tuple[str | None, ...] = ()


@pytest.fixture
def asked() -> Iterator[Web]:
    """A web process that answers /readyz with `server.status`, and records requests in `server.seen`."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.seen = (self.path, self.headers["Host"], self.headers["X-Forwarded-Proto"])
            self.send_response(server.status)
            self.end_headers()
            self.wfile.write(b"queue does not answer")

        def log_message(self, *_args: Any) -> None:
            return

    server = Web(("127.0.0.1", 0), Answer)
    serve(server)
    yield server
    server.shutdown()
    server.server_close()


def test_a_web_process_is_healthy_once_it_is_ready(asked: Any) -> None:
    environment = {"PORT": str(asked.server_address[1]), "PUBLIC_URL": "https://documents.example"}
    asked.status = 200
    assert check("web", **environment).returncode == 0
    assert asked.seen == ("/readyz", "documents.example", "https")
    asked.status = 503
    unwell = check("web", **environment)
    assert (unwell.returncode, unwell.stderr) == (1, "queue does not answer\n")
    asked.shutdown()
    asked.server_close()
    assert check("web", **environment).returncode == 1


def test_a_worker_is_healthy_while_it_beats(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    environment = {"DATA_DIR": str(tmp_path), "WORKER_NAME": "celery@one"}
    assert "gives no sign of life" in check("worker", **environment).stderr
    worker_health.give(SimpleNamespace(eventer=SimpleNamespace(hostname="celery@one")))
    assert check("worker", **environment).returncode == 0
    assert check("worker", **{**environment, "WORKER_NAME": "celery@two"}).returncode == 1
    long_ago = time.time() - 60
    os.utime(tmp_path / "queue" / "celery@one.alive", (long_ago, long_ago))
    assert check("worker", **environment).returncode == 1


def test_signs_of_workers_that_are_gone_are_removed(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    for node in ("celery@ends", "celery@lives", "celery@killed"):
        worker_health.give(SimpleNamespace(eventer=SimpleNamespace(hostname=node)))
    days_ago = time.time() - 3 * 86400
    os.utime(tmp_path / "queue" / "celery@killed.alive", (days_ago, days_ago))
    worker_health.take_back(SimpleNamespace(hostname="celery@ends"))
    assert [path.name for path in (tmp_path / "queue").iterdir()] == ["celery@lives.alive"]


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_costs_no_start_of_django(name: str, tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    check(name, DATA_DIR=str(tmp_path), PORT="1")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.25  # seconds; 0.03 when idle
