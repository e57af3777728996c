"""Fork servers of the sandbox as forks of one process, whose memory they share.

`make run` starts that process, the origin, before it knows a secret (deploy/parts.py). Each part asks it for a fork
server of its own, which ends with the part as any other does (files/sandbox.py). Without an origin, or after its end,
multiprocessing starts each fork server anew, and each loads the libraries for itself. Imports no Django.
"""

from __future__ import annotations

import gc
import importlib
import os
import select
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing import connection, forkserver, resource_tracker
from pathlib import Path
from typing import Any

Fork = Callable[[Callable[[], None]], int]
REQUEST = b"fork"
DESCRIPTORS = 3  # of a request: the listening socket, the pipe of the part, the socket for the answer
_origin: socket.socket | None = None
_running: int | None = None  # the pidfd of this process's fork server, if it is a fork of the origin


def start_origin(preloaded: Sequence[str], *, fork: Fork) -> None:
    """Fork the origin, which imports `preloaded`. Processes that are forked from this one later can ask it.

    `fork` runs a function as a process of its own that ends with this one. Call it in a process with one thread that
    has read no secret.
    """
    global _origin
    _origin, requests = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    fork(partial(_serve, requests, preloaded, fork))
    requests.close()


def ensure_running() -> None:
    """As multiprocessing.forkserver.ensure_running; raises the same."""
    global _running
    server = vars(forkserver)["_forkserver"]
    with server._lock:
        if _running is not None:
            if not select.select([_running], [], [], 0)[0]:
                return
            os.close(_running)
            os.close(server._forkserver_alive_fd)
            _running = server._forkserver_address = server._forkserver_alive_fd = None
        if server._forkserver_pid is None and _origin is not None:
            resource_tracker.ensure_running()
            _running = _ask(_origin, server)
            if _running is not None:
                return
    type(server).ensure_running(server)


def use() -> None:
    """multiprocessing asks before each process that it starts."""
    vars(forkserver)["_forkserver"].ensure_running = ensure_running


def _close_all_but(kept: int) -> None:
    """Except for the standard streams. The pipe to `make run` ends here, too."""
    os.dup2(2, 1)
    for descriptor in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        if descriptor > 2 and descriptor != kept:
            with suppress(OSError):  # that of the list itself
                os.close(descriptor)


def _ask(origin: socket.socket, server: Any) -> int | None:
    """The pidfd of a new fork server; None if the origin has ended, or if the kernel has no pidfd."""
    with socket.socket(socket.AF_UNIX) as listener:
        address = vars(connection)["arbitrary_address"]("AF_UNIX")  # as multiprocessing does
        listener.bind(address)
        listener.listen()
        alive_r, alive_w = os.pipe()
        ours, theirs = socket.socketpair()
        with ours:
            try:
                with theirs:
                    socket.send_fds(origin, [REQUEST], [listener.fileno(), alive_r, theirs.fileno()])
                _, descriptors, _, _ = socket.recv_fds(ours, len(REQUEST), 1)
            except OSError:
                descriptors = []
            finally:
                os.close(alive_r)
    if not descriptors:
        os.close(alive_w)
        return None
    server._forkserver_address, server._forkserver_alive_fd = address, alive_w
    return descriptors[0]


def _serve(requests: socket.socket, preloaded: Sequence[str], fork: Fork) -> None:
    """The origin: load, then fork at each request, until nobody is left who could ask."""
    _close_all_but(requests.fileno())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for module in preloaded:
        importlib.import_module(module)
    gc.enable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel then reaps fork servers
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, len(REQUEST), DESCRIPTORS)
        if not message:
            return
        listener, alive, answer = descriptors
        child = fork(partial(_become_fork_server, requests, listener, alive, answer))
        with suppress(OSError):  # the child has ended, or its part has, or the kernel has no pidfd
            pidfd = os.pidfd_open(child)
            with socket.socket(fileno=os.dup(answer)) as to_part:
                socket.send_fds(to_part, [REQUEST], [pidfd])
            os.close(pidfd)
        for descriptor in descriptors:
            os.close(descriptor)


def _become_fork_server(requests: socket.socket, listener: int, alive: int, answer: int) -> None:
    from files import sandbox_child

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    requests.close()
    os.close(answer)
    sandbox_child.LOADED_BY = os.getpid()
    forkserver.main(listener, alive, [])
