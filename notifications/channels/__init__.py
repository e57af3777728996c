"""The interface of a channel: one small class for each, and one exception that says whether a retry helps."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from notifications.causes import Cause
from notifications.models import Message


class DeliveryFailed(Exception):
    """A message could not be sent. `cause`: shown to staff; `detail`: the server's own codes ("SMTP 550 5.1.1").
    Neither contains a name or an address.

    `permanent`: a retry cannot help (the address does not exist). `whole_channel`: the server is at fault, not this
    message, so other messages need not be tried now. `retry_after`: how long the server asks to wait.
    """

    def __init__(
        self,
        cause: Cause,
        detail: str = "",
        *,
        permanent: bool = False,
        whole_channel: bool = False,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(f"{cause.value} {detail}".strip())
        self.cause = cause
        self.detail = detail
        self.permanent = permanent
        self.whole_channel = whole_channel
        self.retry_after = retry_after


class Sender(Protocol):
    """A connection to a channel, for several messages in turn."""

    def open(self) -> None:
        """Connect. Does nothing if open already. Raises DeliveryFailed."""

    def send(self, message: Message) -> str:
        """Send the message. Returns once the server accepted it, with the provider's id ("" if there is none). Raises
        DeliveryFailed."""

    def close(self) -> None: ...
