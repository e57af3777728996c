"""Installs the peers from their locks, in environments of their own: none of them is a dependency of docshare."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
NODE, VENV = HERE / "node", HERE / ".venv"
PYTHON = VENV / "bin" / "python"
UV = Path(sys.executable).parent / "uv"


def node() -> list[str]:
    """The command that signs with the libraries of Node.js; arguments: the PKCS #12 file and its passphrase."""
    lock, done = NODE / "package-lock.json", NODE / "node_modules" / ".synced"
    if not _is_synced(done, lock):
        _run(["npm", "ci", "--ignore-scripts", "--no-progress", "--loglevel=error"], NODE)
        done.write_text(_digest(lock))
    return ["node", str(NODE / "sign.mjs")]


def endesive() -> list[str]:
    lock, done = HERE / "requirements.lock", VENV / ".synced"
    if not _is_synced(done, lock):
        _run([str(UV), "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)], HERE)
        sync = ["pip", "sync", "--quiet", "--compile-bytecode", "--require-hashes"]
        _run([str(UV), *sync, "--python", str(PYTHON), str(lock)], HERE)
        done.write_text(_digest(lock))
    return [str(PYTHON), str(HERE / "endesive_signs.py")]


def _is_synced(done: Path, lock: Path) -> bool:
    return done.exists() and done.read_text() == _digest(lock)


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _run(command: list[str], folder: Path) -> None:
    if subprocess.run(command, cwd=folder, check=False).returncode != 0:
        sys.exit(f"{command[0]} could not install the peers; the lines above say why.")
