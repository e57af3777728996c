"""`make` makes .venv with the system's Python if that can, else with the first on PATH that the locks hold for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOO_OLD = "#!/bin/sh\nexit 1\n"  # as `sys.exit(not ...)` of the Makefile answers
WITHOUT_VENV = f'#!/bin/sh\ncase $2 in *ensurepip*) exit 1;; esac\nexec {sys.executable} "$@"\n'
WORKS = f'#!/bin/sh\nexec {sys.executable} "$@"\n'


def chosen(folder: Path, on_path: dict[str, str], system: str | None, *arguments: str) -> str:
    """The command that `make dev` would run."""
    (folder / "system").mkdir()
    for name, script in {**on_path, **({"system/python3": system} if system else {})}.items():
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    (folder / "sh").symlink_to(shutil.which("sh") or "/bin/sh")
    make = shutil.which("make")
    assert make
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "PYTHON"))}
    command = [make, "-n", "dev", f"SYSTEMS={folder / 'system' / 'python3'}", *arguments]
    found = subprocess.run(
        command, cwd=ROOT, env={**environment, "PATH": str(folder)}, check=True, capture_output=True, text=True
    )
    return found.stdout.splitlines()[-1].partition("deploy/environment.py")[0].strip().removeprefix(f"{folder}/")


@pytest.mark.parametrize(
    ("on_path", "system", "expected"),
    [
        ({"python3": WORKS}, WORKS, "system/python3"),
        ({"python3": WORKS}, None, "python3"),
        ({"python3": WORKS}, WITHOUT_VENV, "python3"),
        ({"python3": TOO_OLD, "python3.12": WORKS}, TOO_OLD, "python3.12"),
        ({"python3": TOO_OLD}, TOO_OLD, ""),
    ],
)
def test_the_systems_own_is_preferred(
    on_path: dict[str, str], system: str | None, expected: str, tmp_path: Path
) -> None:
    assert chosen(tmp_path, on_path, system) == expected


def test_another_may_be_named(tmp_path: Path) -> None:
    assert chosen(tmp_path, {}, WORKS, "PYTHON=/somewhere/python3.13") == "/somewhere/python3.13"


def test_without_any_it_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        subprocess.run(
            ["make", "dev", "SYSTEMS=false", "PYTHON="], cwd=ROOT, check=True, capture_output=True, text=True
        )
    assert "docshare needs Python 3.11 to 3.14; none was found." in failed.value.stderr
