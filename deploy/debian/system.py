"""Runs commands, writes files only if they change, and prints sentences for the administrator."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.debian.places import USER


class CannotContinue(Exception):
    """The message is a sentence for the administrator."""


def say(sentence: str) -> None:
    print(sentence, flush=True)


def run(*command: str | Path, failure: str, environment: Mapping[str, str] | None = None) -> None:
    """Run a command, with its output on the terminal. Raises CannotContinue with `failure`."""
    if subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode != 0:
        raise CannotContinue(failure)


def ask(*command: str | Path, failure: str = "", content: str = "") -> str:
    """The standard output of a command. Raises CannotContinue with `failure` and the command's standard error."""
    done = subprocess.run(command, input=content, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotContinue(f"{failure or ' '.join(map(str, command))}\n{done.stderr.strip()[-1000:]}")
    return done.stdout.strip()


def succeeds(*command: str | Path) -> bool:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def write(path: Path, content: str, *, mode: int = 0o644, group: str = "root") -> bool:
    """Write a file atomically; returns whether it changed. Sets mode and group even if the content is the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    changed = not path.exists() or path.read_text() != content
    if changed:
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    shutil.chown(path, "root", group)
    path.chmod(mode)
    return changed


def write_secret(path: Path, content: str) -> bool:
    """Write a file that only root may write and only the site's group may read."""
    return write(path, content, mode=0o640, group=USER)


def main(step: Callable[[list[str]], None]) -> None:
    """Run a command of deploy/debian: exit status 1 and a sentence if it cannot continue."""
    os.umask(0o022)
    if os.geteuid() != 0:
        sys.exit(f"Run this as root: sudo {sys.argv[0]}")
    try:
        step(sys.argv[1:])
    except CannotContinue as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped. Run it again to go on.")
