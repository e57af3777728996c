"""How the servers of the measurements and of the fault suite behave, controlled by a file."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

WELL = "well"
DRIP_SECONDS = 0.2


class ServerStates:
    """`file`: {"smtp": "refusing"}; read again when it changes. A server that is not in it works normally."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read_at = 0
        self._states: dict[str, str] = {}

    def of(self, part: str) -> str:
        try:
            changed = self._file.stat().st_mtime_ns
            if changed != self._read_at:
                self._states, self._read_at = json.loads(self._file.read_text()), changed
        except FileNotFoundError:
            self._states = {}
        return self._states.get(part, WELL)


async def drip(writer: asyncio.StreamWriter, byte: bytes) -> None:
    """Send single bytes until the client disconnects. A client whose time-out restarts with each byte waits
    for ever."""
    with contextlib.suppress(ConnectionError):
        while not writer.is_closing():
            writer.write(byte)
            await writer.drain()
            await asyncio.sleep(DRIP_SECONDS)
