"""`make run`, for real: with its own DATA_DIR, PORT and process group, as in a terminal."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from docshare.embedded import valkey_socket
from tests.migrated import copy_migrated

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "SMS_URL", "DJANGO_SETTINGS_MODULE", "PUBLIC_URL")


def wait_for(what: Callable[[], Any], seconds: float, sentence: str) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.2)
    pytest.fail(f"Not within {seconds} s: {sentence}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Installation:
    data_dir: Path
    port: int = field(default_factory=free_port)
    make: subprocess.Popen[str] | None = None
    checkout: Path = ROOT

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in OUTSIDE}
        return {**inherited, "DATA_DIR": str(self.data_dir), "PORT": str(self.port), "MAKEFLAGS": ""}

    @property
    def output(self) -> str:
        return (self.data_dir.parent / "output.txt").read_text()

    def launch(self) -> None:
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        with (self.data_dir.parent / "output.txt").open("w") as output:
            self.make = subprocess.Popen(
                ["make", "run"], cwd=self.checkout, env=self.environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True, text=True,
            )  # fmt: skip

    def begin_migrated(self) -> None:
        """Let the first start find an empty database with all migrations applied, which are most of its work."""
        self.data_dir.mkdir(parents=True)
        copy_migrated(self.data_dir / "docshare.sqlite3")

    def start(self, seconds: float = 240) -> None:  # the first start collects static files
        self.launch()
        make = self.make
        assert make is not None
        wait_for(lambda: "logs in" in self.output or make.poll() is not None, seconds, "make run says where it is")
        assert make.poll() is None, self.output

    def interrupt(self) -> None:
        """Ctrl-C: signals the whole foreground group."""
        assert self.make is not None
        os.killpg(self.make.pid, signal.SIGINT)

    def get(self, path: str) -> tuple[int, str]:
        with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()

    def ready(self) -> bool:
        with suppress(OSError):
            return self.get("/readyz")[0] == 200
        return False

    def manage(self, *arguments: str) -> str:
        command = [str(self.checkout / ".venv" / "bin" / "python"), "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=self.checkout, env=self.environment, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def processes(self) -> list[psutil.Process]:
        """All processes with this DATA_DIR. Valkey overwrites its environment: it is identified by its folder."""
        queue = str(valkey_socket(self.data_dir).parent)
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                alive = process.status() != psutil.STATUS_ZOMBIE
                ours = process.environ().get("DATA_DIR") == str(self.data_dir) or process.cwd() == queue
                if alive and ours:
                    found.append(process)
        return found

    def find(self, word: str) -> psutil.Process | None:
        """The process of this installation whose program, or script, ends with this word."""
        for process in self.processes():
            with suppress(psutil.Error):
                if any(argument.endswith(word) for argument in process.cmdline()[:2]):
                    return process
        return None

    @property
    def supervisor(self) -> psutil.Process | None:
        """The process of which the parts are forks; they have its command, but names of their own."""
        for process in self.processes():
            with suppress(psutil.Error):
                parent = process.parent()
                if process.name() == "docshare-parts" and parent and "deploy/run.py" in parent.cmdline():
                    return process
        return None

    def part(self, *words: str) -> psutil.Process | None:
        """The supervisor's own child whose name or command contains all the words."""
        for process in self.supervisor.children() if self.supervisor else []:
            with suppress(psutil.Error):
                command = " ".join([process.name(), *process.cmdline()])
                if all(word in command for word in words):
                    return process
        return None

    def emails(self) -> list[Path]:
        return sorted((self.data_dir / "outbox").glob("*.eml"))

    def plan_email(self) -> str:
        return self.manage(
            "shell", "-v", "0", "-c",
            "from django.db import transaction\nfrom notifications.outbox import plan_email\n"
            "with transaction.atomic():\n"
            "    m = plan_email(to='a@b.example', subject='Bonjour', body='Bonjour', language='fr')\nprint(m.id)",
        ).strip()  # fmt: skip

    def end(self) -> None:
        """Kill what a failed test left."""
        for process in self.processes():
            with suppress(psutil.Error):
                process.kill()
        if self.make is not None:
            self.make.wait(10)

    def demo(self) -> dict[str, Any]:
        return dict(json.loads(self.manage("demo", "--json")))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation for all tests of a module. Its path is long and unusual: paths of sockets are limited to 107
    bytes."""
    folder = tmp_path_factory.mktemp("un dossier à nom long, avec des espaces et 100% de pièges " + "x" * 60)
    installation = Installation(folder / "data")
    installation.start()
    yield installation
    installation.end()


@pytest.fixture(scope="module")
def to_stop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation that the tests of a module stop in every way, and restart (quickly, with its data)."""
    installation = Installation(tmp_path_factory.mktemp("stopped") / "data")
    installation.begin_migrated()
    yield installation
    installation.end()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Installation]:
    """An installation for a single test, not yet started."""
    installation = Installation(tmp_path / "data")
    yield installation
    installation.end()
