"""Starts a whole production site on this machine, waits until it is healthy, and stops it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.stack.parts import ROOT, CannotStart, Part, Parts
from tools.stack.places import Places

START_SECONDS = 300
STOP_SECONDS = 60
OURS = ("web", "worker", "beat", "backup")
TIED = [sys.executable, str(ROOT / "deploy" / "stop_with_parent.py")]


class Stack:
    """`folder`: new or empty. `storage`: "files" (served by X-Accel-Redirect) or "s3" (by presigned addresses)."""

    def __init__(self, folder: Path, *, storage: str = "files", places: Places | None = None) -> None:
        self.places = places or Places(folder)
        self.storage = storage
        values = {
            "SITE_HOST": "localhost",
            "DOCUMENT_SERVING": {"files": "accel", "s3": "presigned"}[storage],
            "BACKUP_RECIPIENT": self.places.backup_recipient(),
        }
        self.parts = Parts(self.places, storage=storage, values=values)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.started: dict[str, Part] = {}

    @property
    def environment(self) -> dict[str, str]:
        """The environment of web processes, for commands beside the running site."""
        return self.parts.environment_of(self.parts.services["web"])

    def start(self) -> None:
        """Start every part and wait until it is healthy. Raises CannotStart with the part's output."""
        # Always with the site's settings: the tests' settings name static files differently, and pages would fail.
        build = {
            **os.environ,
            "DATA_DIR": str(self.places.folder / "build"),
            "DJANGO_SETTINGS_MODULE": "docshare.settings",
        }
        self._run([sys.executable, "deploy/prepare.py", "--checkout"], build)
        self.start_servers()
        self.run_once("migrate")
        for part in self.parts.site():
            self.launch(part)
        self.launch(self.parts.nginx())
        self.wait_until_healthy()

    def start_servers(self) -> None:
        """Start the servers that the site needs, with an empty database."""
        self.places.prepare(storage=self.storage)
        for part in self.parts.servers():
            self.launch(part)
        self.wait_until_healthy()
        if self.storage == "s3":
            self.run_once("bucket")
        self._create_database()

    def launch(self, part: Part) -> None:
        log = self.places.logs / f"{part.name}.log"
        with log.open("ab") as output:
            self.running[part.name] = subprocess.Popen(
                [*TIED, *part.command],
                cwd=ROOT,
                env=part.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.started[part.name] = part

    def wait_until_healthy(self) -> None:
        waiting = dict(self.started)
        deadline = time.monotonic() + START_SECONDS
        while waiting:
            for name, part in list(waiting.items()):
                if self.running[name].poll() is not None:
                    raise CannotStart(f"{name} ended: {self.said(name)}")
                if self.is_healthy(part):
                    del waiting[name]
            if time.monotonic() > deadline:
                raise CannotStart("\n".join(f"{name} is not healthy: {self.said(name)}" for name in waiting))
            time.sleep(0.2)

    def is_healthy(self, part: Part) -> bool:
        check = subprocess.run(part.check, cwd=ROOT, env=part.environment, check=False, capture_output=True)
        return check.returncode == 0

    def said(self, name: str) -> str:
        return (self.places.logs / f"{name}.log").read_text(errors="replace")[-2000:]

    def run_once(self, name: str) -> None:
        part = self.parts.once(name)
        self._run(part.command, part.environment)

    def manage(self, *arguments: str) -> str:
        """Run a management command; returns its output."""
        return self._run([sys.executable, "manage.py", *arguments], self.environment)

    def demo(self) -> dict[str, Any]:
        """Load the demo practice. Production refuses it, because others can reach a production site; this one listens
        on this machine only."""
        command = [sys.executable, "manage.py", "demo", "--json"]
        return dict(json.loads(self._run(command, {**self.environment, "DOCSHARE_ENV": "embedded"})))

    def stop(self) -> None:
        """Stop the parts in reverse order, first by a signal, after a while by SIGKILL."""
        deadline = time.monotonic() + STOP_SECONDS
        for name, process in reversed(self.running.items()):
            # with SIGTERM, PostgreSQL would wait for its clients
            process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
            if name in ("postgres", "redis", "nginx") or self.started[name].service in OURS:
                self._until_gone(process, deadline)
        for name, process in self.running.items():
            if name == "s3":  # a regular stop takes 15 seconds
                process.kill()
            self._until_gone(process, deadline)
        self.running.clear()

    @staticmethod
    def _until_gone(process: subprocess.Popen[bytes], deadline: float) -> None:
        try:
            process.wait(max(1.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _create_database(self) -> None:
        """Create the database, as the image of PostgreSQL does at its first start."""
        password = (self.places.secrets / "database_password").read_text()
        self._run(
            ["createdb", "-h", "127.0.0.1", "-p", str(self.places.port("postgres")), "-U", "docshare", "docshare"],
            {**os.environ, "PGPASSWORD": password},
        )

    def _run(self, command: list[str], environment: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        if done.returncode != 0:
            raise CannotStart(f"{' '.join(command[:3])} failed: {done.stdout[-500:]}{done.stderr[-2000:]}")
        return done.stdout


def until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait for the first true answer and return it. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.2)
    raise TimeoutError
