"""How servers of the measurements and of the fault suite behave just now, as a file says."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

WELL = "well"
DRIP_SECONDS = 0.2


class ServerStates:
    """`file`: {"smtp": "refusing"}; read again when it changes. Whoever is not in it is well."""

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
    """A byte at a time, for ever: whoever waits for each byte anew waits for ever. Until the other hangs up."""
    with contextlib.suppress(ConnectionError):
        while not writer.is_closing():
            writer.write(byte)
            await writer.drain()
            await asyncio.sleep(DRIP_SECONDS)
