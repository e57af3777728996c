"""SMS: files in the outbox, a gateway that accepts JSON over HTTP, or any provider that apprise supports."""

from __future__ import annotations

from typing import Protocol

from django.conf import settings

from notifications.channels.apprise_gateway import AppriseGateway
from notifications.channels.http_gateway import HttpGateway
from notifications.channels.outbox import SmsFiles
from notifications.gsm import in_gsm
from notifications.models import Message


class Gateway(Protocol):
    def send(self, message: Message, text: str) -> str: ...

    def close(self) -> None: ...


class SmsSender:
    def __init__(self) -> None:
        self._gateway = _gateway(settings.SMS_URL)

    def open(self) -> None:
        """Nothing to do: the first message opens the connection."""

    def send(self, message: Message) -> str:
        return self._gateway.send(message, in_gsm(message.body))

    def close(self) -> None:
        self._gateway.close()


def _gateway(url: str) -> Gateway:
    if not url:
        return SmsFiles()
    if url.startswith(("http://", "https://")):
        return HttpGateway(url)
    return AppriseGateway(url)
