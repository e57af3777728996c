"""Where messages end in measurements and in the fault suite: an SMTP server and an SMS gateway, in one process.

`python -m bench.sinks SMTP_PORT SMS_PORT TAKEN_FILE MOOD_FILE`. Each message that was taken is a line of TAKEN_FILE,
"email|sms <Message-ID or Idempotency-Key> <seconds since the epoch>", written before the sender is told
("email-unheard" where the sender never is).
MOOD_FILE, read again when it changes, says how each behaves: {"smtp": "well", "sms": "well"}; see MOODS.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from pathlib import Path
from typing import IO

MESSAGE_ID = re.compile(rb"^Message-ID:\s*<([^@>]+)@", re.IGNORECASE | re.MULTILINE)
CONTENT_LENGTH = re.compile(rb"^Content-Length:\s*(\d+)", re.IGNORECASE | re.MULTILINE)
IDEMPOTENCY_KEY = re.compile(rb"^Idempotency-Key:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
LATE_SECONDS = 600  # a tarpit: longer than anybody waits
MOODS = {
    "smtp": ["well", "later", "refusing", "closing", "tarpit", "garbage", "silent after data"],
    "sms": ["well", "failing", "busy", "refusing", "tarpit", "garbage", "hanging up"],
}


class Sinks:
    def __init__(self, taken: IO[str], mood: Path) -> None:
        self._taken = taken
        self._mood = mood
        self._read_at = 0
        self._moods: dict[str, str] = {}

    def mood(self, of: str) -> str:
        try:
            changed = self._mood.stat().st_mtime_ns
            if changed != self._read_at:
                self._moods, self._read_at = json.loads(self._mood.read_text()), changed
        except FileNotFoundError:
            self._moods = {}
        return self._moods.get(of, "well")

    def take(self, kind: str, identifier: bytes) -> None:
        self._taken.write(f"{kind} {identifier.decode()} {time.time():.6f}\n")
        self._taken.flush()

    async def smtp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.mood("smtp") == "closing":
                writer.write(b"421 4.3.2 Closing\r\n")
                return
            writer.write(b"\x00\xffgarbage\r\n" if self.mood("smtp") == "garbage" else b"220 sink ESMTP\r\n")
            while line := await reader.readline():
                if self.mood("smtp") == "tarpit":
                    await asyncio.sleep(LATE_SECONDS)
                match line[:4].upper().strip():
                    case b"EHLO" | b"HELO":
                        writer.write(b"250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
                    case b"RCPT":
                        refusals = {"later": b"451 4.7.1 Later\r\n", "refusing": b"550 5.1.1 Unknown\r\n"}
                        writer.write(refusals.get(self.mood("smtp"), b"250 OK\r\n"))
                    case b"DATA":
                        writer.write(b"354 Go on\r\n")
                        content = await reader.readuntil(b"\r\n.\r\n")
                        found = MESSAGE_ID.search(content)
                        unheard = self.mood("smtp") == "silent after data"
                        self.take("email-unheard" if unheard else "email", found[1] if found else b"?")
                        if unheard:
                            return  # the sender must try again
                        writer.write(b"250 OK\r\n")
                    case b"QUIT":
                        writer.write(b"221 Bye\r\n")
                        return
                    case _:
                        writer.write(b"250 OK\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the sender was killed: nothing more to say
        finally:
            writer.close()

    async def sms(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = CONTENT_LENGTH.search(head)
                await reader.readexactly(int(length[1]) if length else 0)
                key = IDEMPOTENCY_KEY.search(head)
                match self.mood("sms"):
                    case "tarpit":
                        await asyncio.sleep(LATE_SECONDS)
                        return
                    case "hanging up":
                        return
                    case "garbage":
                        writer.write(b"\x00\xff\x00 what?\r\n\r\n")
                        return
                    case "failing":
                        status = b"500 Internal Server Error\r\n"
                    case "refusing":
                        status = b"400 Bad Request\r\n"
                    case "busy":
                        status = b"429 Too Many Requests\r\nRetry-After: 2\r\n"
                    case _:
                        self.take("sms", key[1] if key else b"?")
                        status = b"202 Accepted\r\n"
                writer.write(b"HTTP/1.1 " + status + b"Content-Length: 0\r\n\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # as above
        finally:
            writer.close()


async def serve(smtp_port: int, sms_port: int, taken: Path, mood: Path) -> None:
    with taken.open("a") as lines:
        sinks = Sinks(lines, mood)
        smtp = await asyncio.start_server(sinks.smtp, "127.0.0.1", smtp_port)
        sms = await asyncio.start_server(sinks.sms, "127.0.0.1", sms_port)
        async with smtp, sms:
            await asyncio.gather(smtp.serve_forever(), sms.serve_forever())


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])))
