"""SMS by any provider that apprise supports, in a separate process with a deadline.

apprise sleeps to keep to providers' limits, and its time-out restarts with every byte of an answer.
"""

from __future__ import annotations

import json
import subprocess
import sys
from urllib.parse import quote

from notifications.causes import Cause
from notifications.channels import DeliveryFailed, apprise_process
from notifications.models import Message

LONGEST_ANSWER = 30  # seconds, from the start of the process; fits in a lease (notifications/delivery.py)


class AppriseGateway:
    """`SMS_URL` is an apprise URL; `{to}` in it is the number, otherwise the number is its last path segment."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, message: Message, text: str) -> str:
        number = quote(message.to, safe="")
        if "{to}" in self._url:
            url = self._url.replace("{to}", number)
        else:
            path, mark, query = self._url.partition("?")
            url = f"{path.rstrip('/')}/{number}{mark}{query}"
        try:
            done = subprocess.run(  # noqa: S603  # our own file
                [sys.executable, "-I", apprise_process.__file__],  # -I: our modules can't shadow Python's
                input=json.dumps({"url": url, "text": text}).encode(),
                capture_output=True,  # apprise's output may contain the number
                timeout=LONGEST_ANSWER,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise DeliveryFailed(Cause.UNREACHABLE, "apprise", whole_channel=True) from error
        if done.returncode == apprise_process.UNKNOWN:
            raise DeliveryFailed(Cause.SETTING, "SMS_URL", whole_channel=True)
        if done.returncode != apprise_process.TAKEN:  # apprise reports only success or failure
            raise DeliveryFailed(Cause.BREAKDOWN, "apprise")
        return ""

    def close(self) -> None:
        """Nothing to close: apprise keeps no connection between calls."""
