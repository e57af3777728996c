"""Receives messages in measurements and in the fault suite: an SMTP server and an SMS gateway in one process.

`python -m bench.sinks SMTP_PORT SMS_PORT TAKEN_FILE STATE_FILE [TEXTS_FILE]`. Each accepted message is a line of
TAKEN_FILE, "email|sms <Message-ID or Idempotency-Key> <seconds since the epoch>", written before the sender gets the
answer ("email-unheard", "sms-unheard" if the sender never gets it). STATE_FILE, read again when it changes, says how
each behaves: {"smtp": "well", "sms": "well"}; see STATES. The body of each SMS taken is a line of TEXTS_FILE: people
read their codes there.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from bench.server_states import ServerStates, drip

MESSAGE_ID = re.compile(rb"^Message-ID:\s*<([^@>]+)@", re.IGNORECASE | re.MULTILINE)
CONTENT_LENGTH = re.compile(rb"^Content-Length:\s*(\d+)", re.IGNORECASE | re.MULTILINE)
IDEMPOTENCY_KEY = re.compile(rb"^Idempotency-Key:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
LATE_SECONDS = 600  # a tarpit: longer than any client waits
STATES = {
    "smtp": [
        "well", "later", "refusing", "closing", "unwelcoming", "tarpit", "dripping", "garbage", "wrong code",
        "silent after data", "cut reply",
    ],
    "sms": [
        "well", "failing", "busy", "refusing", "redirecting", "tarpit", "dripping", "garbage", "html", "broken json",
        "hanging up",
    ],
}  # fmt: skip
GREETINGS = {
    "garbage": b"\x00\xffgarbage\r\n",
    "closing": b"421 4.3.2 Closing\r\n",
    "unwelcoming": b"554 5.3.2 No SMTP service here\r\n",
}
SMS_ANSWERS = {
    "failing": (b"500 Internal Server Error", b"", b""),
    "refusing": (b"400 Bad Request", b"", b""),
    "busy": (b"429 Too Many Requests\r\nRetry-After: 2", b"", b""),
    "redirecting": (b"302 Found\r\nLocation: /maintenance", b"", b""),
    "html": (b"200 OK", b"text/html", b"<!doctype html>\n<html><body>Back in a moment</body></html>\n"),
    "broken json": (b"200 OK", b"application/json", b'{"id": "12'),
    "well": (b"202 Accepted", b"", b""),
}


class Sinks:
    def __init__(self, taken: IO[str], state: Path, texts: IO[bytes] | None) -> None:
        self._taken, self._texts = taken, texts
        self.state = ServerStates(state).of

    def take(self, kind: str, identifier: bytes) -> None:
        self._taken.write(f"{kind} {identifier.decode()} {time.time():.6f}\n")
        self._taken.flush()

    def take_sms(self, kind: str, identifier: bytes, body: bytes) -> None:
        if self._texts is not None:
            self._texts.write(body + b"\n")
            self._texts.flush()
        self.take(kind, identifier)

    async def smtp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            state = self.state("smtp")
            if state == "dripping":
                await drip(writer, b"2")
            writer.write(GREETINGS.get(state, b"220 sink ESMTP\r\n"))
            if state in ("closing", "unwelcoming"):
                return
            while line := await reader.readline():
                if self.state("smtp") == "tarpit":
                    await asyncio.sleep(LATE_SECONDS)
                match line[:4].upper().strip():
                    case b"EHLO" | b"HELO":
                        writer.write(b"250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
                    case b"RCPT":
                        refusals = {"later": b"451 4.7.1 Later\r\n", "refusing": b"550 5.1.1 Unknown\r\n"}
                        writer.write(refusals.get(self.state("smtp"), b"250 OK\r\n"))
                    case b"DATA" if self.state("smtp") == "wrong code":
                        writer.write(b"250 OK\r\n")
                        return  # nothing was accepted
                    case b"DATA":
                        writer.write(b"354 Go on\r\n")
                        content = await reader.readuntil(b"\r\n.\r\n")
                        match = MESSAGE_ID.search(content)
                        state = self.state("smtp")
                        unheard = state in ("silent after data", "cut reply", "dripping")
                        self.take("email-unheard" if unheard else "email", match[1] if match else b"?")
                        if state == "dripping":
                            await drip(writer, b"2")
                        if unheard:
                            writer.write(b"25" if state == "cut reply" else b"")
                            return  # the sender must try again
                        writer.write(b"250 OK\r\n")
                    case b"QUIT":
                        writer.write(b"221 Bye\r\n")
                        return
                    case _:
                        writer.write(b"250 OK\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the sender was killed: no answer is needed
        finally:
            writer.close()

    async def sms(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = CONTENT_LENGTH.search(head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                match = IDEMPOTENCY_KEY.search(head)
                key = match[1] if match else b"?"
                match state := self.state("sms"):
                    case "tarpit":
                        await asyncio.sleep(LATE_SECONDS)
                        return
                    case "dripping":
                        self.take_sms("sms-unheard", key, body)
                        writer.write(b"HTTP/1.1 202 Accepted\r\nX-Patience: ")
                        await drip(writer, b"x")
                        return
                    case "hanging up":
                        return
                    case "garbage":
                        writer.write(b"\x00\xff\x00 what?\r\n\r\n")
                        return
                    case "broken json":
                        self.take_sms("sms-unheard", key, body)
                    case "well":
                        self.take_sms("sms", key, body)
                status, kind, content = SMS_ANSWERS[state]
                writer.write(
                    b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s"
                    % (status, b"Content-Type: %s\r\n" % kind if kind else b"", len(content), content)
                )
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # as above
        finally:
            writer.close()


async def serve(smtp_port: int, sms_port: int, taken: Path, state: Path, texts: Path | None) -> None:
    with ExitStack() as files:
        lines = files.enter_context(taken.open("a"))
        sinks = Sinks(lines, state, files.enter_context(texts.open("ab")) if texts else None)
        smtp = await asyncio.start_server(sinks.smtp, "127.0.0.1", smtp_port)
        sms = await asyncio.start_server(sinks.sms, "127.0.0.1", sms_port)
        async with smtp, sms:
            await asyncio.gather(smtp.serve_forever(), sms.serve_forever())


if __name__ == "__main__":
    smtp, sms, *paths = sys.argv[1:]
    taken_file, state_file, *texts_file = map(Path, paths)
    asyncio.run(serve(int(smtp), int(sms), taken_file, state_file, texts_file[0] if texts_file else None))
