"""Attacks of a document that has taken over its parser. Runs in the sandbox; imports no Django.

Each returns "done", or the kernel's refusal.
"""

from __future__ import annotations

import ctypes
import os
import resource
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def attempt(what: Callable[..., Any], *args: Any) -> str:
    try:
        what(*args)
    except OSError as error:
        return type(error).__name__
    return "done"


def read(path: str) -> str:
    return attempt(Path(path).read_bytes)


def write(path: str) -> str:
    return attempt(Path(path).write_bytes, b"x")


def listed(path: str) -> str:
    return attempt(os.listdir, path)


def connect(address: Any) -> str:
    return attempt(lambda: socket.create_connection(tuple(address), 2).close())


def connect_unix(path: str) -> str:
    def _connect() -> None:
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(path)

    return attempt(_connect)


def listen() -> str:
    return attempt(lambda: socket.create_server(("127.0.0.1", 0)).close())


def run_program() -> str:
    return attempt(os.execv, "/bin/true", ["true"])


def start_process() -> str:
    def _fork() -> None:
        if os.fork() == 0:
            os._exit(0)

    return attempt(_fork)


def stop_parent() -> str:
    return attempt(os.kill, os.getppid(), 0)


def stop_group() -> str:
    return attempt(os.kill, 0, 0)


def limit_parent() -> str:
    return attempt(resource.prlimit, os.getppid(), resource.RLIMIT_NOFILE)


def trace_parent() -> str:
    libc = ctypes.CDLL(None, use_errno=True)
    traced = libc.ptrace(0x4206, os.getppid(), 0, 0) == 0  # PTRACE_SEIZE, which does not stop the process
    return "done" if traced else os.strerror(ctypes.get_errno())


def open_up(path: str) -> str:
    return attempt(os.chmod, path, 0o777)


def remove(path: str) -> str:
    return attempt(os.unlink, path)


def make(path: str) -> str:
    return attempt(os.mkdir, path)


def link(path: str, other: str) -> str:
    return attempt(os.link, path, other)


def in_own_folder() -> list[str]:
    folder = tempfile.mkdtemp()
    return [write(f"{folder}/new"), read(f"{folder}/new"), remove(f"{folder}/new"), folder]


def own_limits() -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (5, 6))
    thread = threading.Thread(target=sum, args=([1],))
    thread.start()
    thread.join()
    os.kill(os.getpid(), 0)
    return resource.getrlimit(resource.RLIMIT_CPU)[0]


def environment() -> list[str]:
    return [f"{name}={value}" for name, value in os.environ.items()]


def spin() -> None:
    """Runs like a decoder that never finishes."""
    while True:
        pass


def spin_at_most(seconds: float) -> None:
    while time.process_time() < seconds:
        pass


def own_priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)
