"""A proxy between the site and S3, or clamd, that answers wrongly in the states of `STATES`; or between users and the
site, a line that breaks.

`python -m tests.faults.between s3|clamd|line LISTEN UPSTREAM STATE_FILE`, each address `host:port` or the path of a
unix socket. It passes on half of the requests unchanged, so that half of an upload may succeed; it writes a line for
each of the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
import struct
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

from bench.server_states import DRIP_SECONDS, WELL, ServerStates, drip

STATES = {
    "s3": [
        "well", "slow down", "failing", "refusing", "html", "swallowing", "truncated", "wrong bytes", "wrong etag",
        "cut upload", "cut answer", "hanging up", "slow",
    ],
    "clamd": ["well", "garbage", "empty", "error", "closing", "cut short", "dripping"],
    "line": ["well", "cut upload", "cut answer", "hanging up"],
}  # fmt: skip
HONEST = 0.5
TENTHS = 10  # a broken line ends a body after this many parts of it, or fewer
PIECES = 20  # of a slow answer
CHUNK = 1 << 16
HEAD_END = b"\r\n\r\n"
CONTENT_LENGTH = re.compile(rb"^Content-Length:\s*(\d+)", re.IGNORECASE | re.MULTILINE)
ETAG = re.compile(rb"^ETag:[^\r]*", re.IGNORECASE | re.MULTILINE)
CONNECTION = re.compile(rb"^Connection:[^\r]*\r\n", re.IGNORECASE | re.MULTILINE)
CHECKSUM = re.compile(rb"^x-amz-checksum-[^\r]*\r\n", re.IGNORECASE | re.MULTILINE)
HTML = b"<!doctype html>\n<html><head><title>Welcome</title></head><body>It works!</body></html>\n"
ERRORS = {
    "slow down": (b"503 Slow Down", b"SlowDown"),
    "failing": (b"500 Internal Server Error", b"InternalError"),
    "refusing": (b"403 Forbidden", b"AccessDenied"),
}
UPLOADING = (b"PUT ", b"POST ", b"PATCH ")
GARBAGE = b"\x00\xff\xfe what?\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Between:
    """`state`: the current state of the server; `is_wrong`: whether it applies to this request; `arriving`: the part
    of a body that arrives before the line breaks, 0 to 1."""

    def __init__(
        self,
        upstream: str,
        state: Callable[[], str],
        is_wrong: Callable[[], bool] = lambda: True,
        arriving: Callable[[], float] = lambda: 0.5,
    ) -> None:
        self._upstream = upstream
        self._state = state
        self._is_wrong = is_wrong
        self._arriving = arriving

    def answering(self, kind: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        return {"s3": self.http, "line": self.http, "clamd": self.clamd}[kind]

    async def http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handles one request of a connection, and closes it."""
        async with _polite(writer):
            head = await reader.readuntil(HEAD_END)
            state = self._now()
            if state in ERRORS or state == "html" or (state == "swallowing" and head.startswith(b"PUT ")):
                await _read_body(reader, head)
                writer.write(_instead(state, is_head=head.startswith(b"HEAD ")))
            else:
                await self._pass_on(state, head, reader, writer)

    async def clamd(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handles one command of a connection, as clamd does."""
        async with _polite(writer):
            command = await reader.readline()
            state = self._now()
            is_stream = command == b"nINSTREAM\n"
            if state == WELL or (state == "closing" and not is_stream):
                async with self._connected() as (from_clamd, to_clamd):
                    to_clamd.write(command)
                    await _both_ways((reader, writer), (from_clamd, to_clamd))
                return
            if state == "closing":
                await reader.read(100)  # in the middle of a file
                return
            if is_stream:
                await _read_stream(reader)
            match state:
                case "garbage":
                    writer.write(GARBAGE)
                case "error":
                    writer.write(b"stream: Can't allocate memory ERROR\n" if is_stream else b"ERROR\n")
                case "cut short":
                    writer.write(b"stream: OK" if is_stream else b"PON")
                case "dripping":
                    await drip(writer, b"s")

    def _now(self) -> str:
        state = self._state()
        return state if state != WELL and self._is_wrong() else WELL

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[Streams]:
        reader, writer = await connect(self._upstream)
        try:
            yield reader, writer
        finally:
            writer.close()

    async def _pass_on(
        self, state: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        async with self._connected() as (from_server, to_server):
            to_server.write(CONNECTION.sub(b"", head).removesuffix(b"\r\n") + b"Connection: close\r\n\r\n")
            if state == "cut upload" and head.startswith(UPLOADING):
                length = await _interim(from_server, writer, head)
                to_server.write(await reader.readexactly(int(length * self._arriving())))
                await to_server.drain()
                to_server.transport.abort()
                cut(writer)
                return
            if state in (WELL, "cut upload", "swallowing"):
                await _both_ways((reader, writer), (from_server, to_server))
                return
            upload = asyncio.create_task(_pump(reader, to_server))
            try:
                answer = await from_server.readuntil(HEAD_END)
                while answer.startswith(b"HTTP/1.1 1"):  # 100 Continue
                    writer.write(answer)
                    answer = await from_server.readuntil(HEAD_END)
                content = await from_server.read()
            finally:
                upload.cancel()
            await _falsify(state, answer, content, writer)


async def _falsify(state: str, head: bytes, content: bytes, writer: asyncio.StreamWriter) -> None:
    half = len(content) // 2
    if state in ("truncated", "wrong bytes"):
        head = CHECKSUM.sub(b"", head)  # not every S3 sends one; with it, the client would notice
    match state:
        case "truncated":  # with a matching length
            content = content[:half]
            head = CONTENT_LENGTH.sub(b"Content-Length: %d" % half, head) if half else head
        case "wrong bytes" if content:
            content = content[:half] + bytes([content[half] ^ 0xFF]) + content[half + 1 :]
        case "wrong etag":
            head = ETAG.sub(b'ETag: "00000000000000000000000000000000"', head)
        case "cut answer":
            writer.write(head + content[:half])
            await writer.drain()
            cut(writer)
            return
        case "hanging up":
            cut(writer)
            return
        case "slow":
            writer.write(head)
            size = max(1, len(content) // PIECES)
            for start in range(0, len(content), size):
                writer.write(content[start : start + size])
                await writer.drain()
                await asyncio.sleep(DRIP_SECONDS)
            return
    writer.write(head + content)


def _instead(state: str, *, is_head: bool) -> bytes:
    """The answer to a request that never reaches S3."""
    if state in ("html", "swallowing"):
        status, kind, content = b"200 OK", b"text/html", HTML if state == "html" else b""
    else:
        status, code = ERRORS[state]
        kind, content = (
            b"application/xml",
            b"<?xml version='1.0' encoding='UTF-8'?>\n<Error><Code>%s</Code></Error>" % code,
        )
    head = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    return head % (status, kind, len(content)) + (b"" if is_head else content)


async def _read_body(reader: asyncio.StreamReader, head: bytes) -> None:
    if b"100-continue" not in head.lower() and (length := CONTENT_LENGTH.search(head)):
        await reader.readexactly(int(length[1]))


async def _interim(from_server: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> int:
    """Let the client begin; returns how much it will send."""
    if b"100-continue" in head.lower():
        writer.write(await from_server.readuntil(HEAD_END))
    length = CONTENT_LENGTH.search(head)
    return int(length[1]) if length else 0


async def _read_stream(reader: asyncio.StreamReader) -> None:
    while size := struct.unpack("!L", await reader.readexactly(4))[0]:
        await reader.readexactly(size)


async def _both_ways(client: Streams, server: Streams) -> None:
    """Copy in both directions until the server has closed."""
    asked = asyncio.create_task(_pump(client[0], server[1]))
    try:
        await _pump(server[0], client[1])
    finally:
        asked.cancel()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()


def cut(writer: asyncio.StreamWriter) -> None:
    """Reset the connection instead of closing it, as when a machine in between fails."""
    connection = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextlib.asynccontextmanager
async def _polite(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
        if not writer.is_closing():
            await writer.drain()
            writer.close()
    except (OSError, asyncio.IncompleteReadError):
        cut(writer)  # the server is down, or one of the two was killed


async def connect(address: str) -> Streams:
    if address.startswith("/"):
        return await asyncio.open_unix_connection(address)
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host, int(port))


@contextlib.contextmanager
def standing(kind: str, upstream: str, state: Callable[[], str]) -> Iterator[str]:
    """Run one for a test, in a thread; yields its address. Every request meets the state."""
    loop = asyncio.new_event_loop()
    between = Between(upstream, state)
    answer = between.answering(kind)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(answer, "127.0.0.1", 0), loop).result(10)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def serve(kind: str, listen: str, upstream: str, state: Path) -> None:
    states, chance = ServerStates(state), random.Random()

    def is_wrong() -> bool:
        if chance.random() < HONEST:
            return False
        print(kind, states.of(kind), flush=True)
        return True

    between = Between(
        upstream, lambda: states.of(kind), is_wrong, arriving=lambda: chance.randint(0, TENTHS) / TENTHS
    )
    answer = between.answering(kind)
    if listen.startswith("/"):
        Path(listen).unlink(missing_ok=True)  # left by a killed one
        server: asyncio.Server = await asyncio.start_unix_server(answer, listen)
    else:
        host, _, port = listen.rpartition(":")
        server = await asyncio.start_server(answer, host, int(port))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4])))
