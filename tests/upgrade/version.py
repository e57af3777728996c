"""One version of the site as processes: this checkout, or the previous release unpacked from git."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import requests
from packaging.requirements import Requirement

from bench.ports import free_port
from tests.faults.installation import wait_until
from tests.upgrade.conftest import ROOT

# Pages do not need collected files; otherwise as on a real site.
SETTINGS = """
from docshare.settings import *
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
"""


def write_settings(folder: Path) -> str:
    """Write a settings module that every version can import; returns the folder for PYTHONPATH."""
    folder.mkdir()
    (folder / "upgrade_settings.py").write_text(SETTINGS)
    return str(folder)


def install(checkout: Path) -> str:
    """Its Python: this one with its Node packages if the lock files agree, else a separate one."""
    if checkout == ROOT:
        return sys.executable
    asked = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]["dependencies"]
    node = [(folder / "package-lock.json").read_bytes() for folder in (checkout, ROOT)]
    if node[0] == node[1] and all(map(_is_here, map(Requirement, asked))):
        (checkout / "node_modules").symlink_to(ROOT / "node_modules")
        return sys.executable
    made = subprocess.run(
        [sys.executable, "deploy/environment.py", "runtime"],
        cwd=checkout,
        check=False,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, f"The last release cannot be installed: {made.stderr[-2000:]}"
    return str(checkout / ".venv" / "bin" / "python")


def _is_here(asked: Requirement) -> bool:
    try:
        return version(asked.name) in asked.specifier
    except PackageNotFoundError:
        return False


@dataclass
class Version:
    """`environment`: of all its processes."""

    name: str
    checkout: Path
    environment: dict[str, str]
    logs: Path
    port: int = field(default_factory=free_port)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.python = install(self.checkout)
        self.base = f"http://127.0.0.1:{self.port}"

    def manage(self, *arguments: str) -> str:
        """Run it and return its standard output. It must succeed."""
        done = subprocess.run(
            [self.python, "manage.py", *arguments],
            cwd=self.checkout, env=self.environment, check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{self.name} {arguments}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
        return done.stdout

    def start(self, *, beat: bool) -> None:
        self._start("gunicorn", "--config", "deploy/gunicorn.conf.py", "docshare.wsgi")
        self._start(
            "celery", "--app", "docshare", "worker", "--pool", "threads", "--concurrency", "4", "--without-gossip",
            "--without-mingle", "--hostname", f"{self.name}@%h",
        )  # fmt: skip
        if beat:
            self._start("celery", "--app", "docshare", "beat", "--pidfile=")
        wait_until(self._is_ready, 120, f"{self.name} is ready (see {self.logs})")

    def stop(self) -> None:
        """Stop them as a service manager does: signal, then wait."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(60)
        self.processes.clear()

    def kill(self) -> None:
        for process in self.processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(60)

    def _start(self, program: str, *arguments: str) -> None:
        with (self.logs / f"{self.name} {program}.log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    [self.python, "-m", program, *arguments],
                    cwd=self.checkout,
                    env={**self.environment, "PORT": str(self.port)},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def _is_ready(self) -> bool:
        for process in self.processes:
            assert process.poll() is None, f"{self.name} ended: see {self.logs}"
        try:
            return requests.get(f"{self.base}/readyz", timeout=10).status_code == 200
        except requests.RequestException:
            return False
