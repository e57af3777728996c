"""A proxy for a machine without network, to package registries only (RFC 9110, 9.3.6: CONNECT)."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

HOSTS = {
    "deb.debian.org",
    "security.debian.org",
    "pypi.org",
    "files.pythonhosted.org",
    "registry.npmjs.org",
}


class Proxy:
    """Serves `listener` in threads of its own until it is closed."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.refused: set[str] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            head, _end, rest = _head(client)
            method, target, _version = head.split("\r\n")[0].split(" ")
            tunnel = method == "CONNECT"
            address = urlsplit(f"//{target}" if tunnel else target)
            if address.hostname not in HOSTS:
                self.refused.add(str(address.hostname))
                client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            with socket.create_connection((address.hostname, address.port or 80), 60) as server:
                server.settimeout(600)
                if tunnel:
                    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                else:
                    server.sendall(_for_the_server(head, method, address.path or "/", address.query))
                back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
                if rest:
                    server.sendall(rest)
                back.start()
                if tunnel:
                    _pass_on(client, server)
                back.join()


def _head(client: socket.socket) -> tuple[str, str, bytes]:
    received = b""
    while b"\r\n\r\n" not in received:
        more = client.recv(65536)
        if not more:
            raise ConnectionResetError
        received += more
    head, _end, rest = received.partition(b"\r\n\r\n")
    return head.decode("latin-1"), "\r\n\r\n", rest


def _for_the_server(head: str, method: str, path: str, query: str) -> bytes:
    """A request with a connection of its own: the answer ends when the server closes it."""
    kept = [line for line in head.split("\r\n")[1:] if not line.lower().startswith(("proxy-", "connection:"))]
    target = f"{path}?{query}" if query else path
    return "\r\n".join([f"{method} {target} HTTP/1.1", *kept, "Connection: close", "", ""]).encode("latin-1")


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
