"""How a message leaves: one small class per channel, and one exception that says whether trying again helps."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from notifications.causes import Cause
from notifications.models import Message


class DeliveryFailed(Exception):
    """A message did not leave. `cause` is what staff read; `detail` the server's own codes beside it ("SMTP 550
    5.1.1"): neither ever names a person or an address.

    `permanent`: trying again cannot help (the address does not exist).
    `whole_channel`: the fault is the server's and not this message's, so the others need not be tried now.
    `retry_after`: how long the server asked us to wait.
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
    """A way out, for many messages one after the other."""

    def open(self) -> None:
        """Be ready to send; does nothing when open already. Raises DeliveryFailed."""

    def send(self, message: Message) -> str:
        """Hand the message over; return only once it was taken, with the provider's id of it ("" where it gives
        none). Raises DeliveryFailed."""

    def close(self) -> None: ...
