"""Emails and SMS as files in DATA_DIR/outbox: the embedded default, where nothing leaves the machine."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from notifications.models import Message

UUID_OF_MESSAGE = re.compile(r"<([0-9a-f-]{36})@")
ID_IN_NAME = re.compile(r"(?<=Z-)[0-9a-f-]{36}")


class OutboxEmailBackend(BaseEmailBackend):
    """A Django mail backend that writes `<utc time>-<id>.eml`."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for mail in email_messages:
            known = UUID_OF_MESSAGE.match(mail.extra_headers.get("Message-ID", ""))
            write_file(
                known.group(1) if known else str(uuid.uuid4()),
                ".eml",
                mail.message().as_bytes(linesep="\r\n"),  # type: ignore[call-arg]  # SafeMIMEText takes it,
            )
        return len(email_messages)


class SmsFiles:
    """Writes `<utc time>-<id>.sms.json`, {"to", "text"}."""

    def send(self, message: Message, text: str) -> str:
        content = json.dumps({"to": message.to, "text": text}, ensure_ascii=False)
        write_file(str(message.id), ".sms.json", content.encode())
        return str(message.id)

    def close(self) -> None:
        """Nothing to close."""


def remove_files(messages: Collection[uuid.UUID]) -> None:
    """Remove the files of these messages."""
    for path in Path(settings.OUTBOX_DIR).glob("*"):
        known = ID_IN_NAME.search(path.name)
        if known and uuid.UUID(known[0]) in messages:
            path.unlink(missing_ok=True)


def write_file(identifier: str, suffix: str, content: bytes) -> Path:
    """Write the file atomically, so that readers of the folder never see half a message."""
    folder = Path(settings.OUTBOX_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{identifier}{suffix}"
    partial = folder / f".{path.name}.{os.getpid()}"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    return path
