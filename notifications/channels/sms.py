"""SMS: files in the outbox, an HTTP gateway that takes {"to", "text"}, or any provider that apprise knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import quote

import apprise
import requests
from django.conf import settings

from notifications.channels import DeliveryFailed
from notifications.channels.outbox import SmsFiles
from notifications.models import Message

TIMEOUT = (5, 15)  # seconds to connect, to answer
LONGEST_WAIT = timedelta(hours=1)
# These are not in the GSM alphabet (3GPP TS 23.038): one of them makes the whole SMS UCS-2, and cost twice.
SPENDTHRIFT = str.maketrans(
    {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"',
     "–": "-", "—": "-", "…": "...", "œ": "oe", "Œ": "OE"}
)  # fmt: skip


class Gateway(Protocol):
    def send(self, message: Message, text: str) -> None: ...

    def close(self) -> None: ...


class SmsSender:
    def __init__(self) -> None:
        self._gateway = _gateway(settings.SMS_URL)

    def open(self) -> None:
        """Connections are opened by the first message."""

    def send(self, message: Message) -> None:
        self._gateway.send(message, message.body.translate(SPENDTHRIFT))

    def close(self) -> None:
        self._gateway.close()


def _gateway(url: str) -> Gateway:
    if not url:
        return SmsFiles()
    if url.startswith(("http://", "https://")):
        return HttpGateway(url, settings.SMS_TOKEN)
    return AppriseGateway(url)


class HttpGateway:
    """POST {"to", "text"} with a bearer token; 2xx is taken. The Idempotency-Key lets a gateway drop a repeat."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, no .netrc: what leaves is decided by SMS_URL alone
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def send(self, message: Message, text: str) -> None:
        try:
            answer = self._session.post(
                self._url,
                json={"to": message.to, "text": text},
                headers={"Idempotency-Key": str(message.id)},
                timeout=TIMEOUT,
                allow_redirects=False,  # a redirect would carry the number to an address nobody chose
            )
        except requests.RequestException as error:
            raise DeliveryFailed("Passerelle SMS injoignable", whole_channel=True) from error
        if answer.ok and not answer.is_redirect:
            return
        told = f"HTTP {answer.status_code}"
        match answer.status_code:
            case 429:
                raise DeliveryFailed(
                    f"Passerelle SMS saturée ({told})",
                    whole_channel=True,
                    retry_after=_retry_after(answer.headers.get("Retry-After", "")),
                )
            case 401 | 403 | 404 | 405:  # our token or our address is wrong: every message would be refused
                raise DeliveryFailed(f"Passerelle SMS : réglage refusé ({told})", whole_channel=True)
            case code if 400 <= code < 500 and code != 408:
                raise DeliveryFailed(f"SMS refusé par la passerelle ({told})", permanent=True)
            case _:
                raise DeliveryFailed(f"Passerelle SMS en panne ({told})")

    def close(self) -> None:
        self._session.close()


class AppriseGateway:
    """`SMS_URL` is an apprise URL; `{to}` in it is the number, otherwise the number is its last path segment."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, message: Message, text: str) -> None:
        number = quote(message.to, safe="")
        if "{to}" in self._url:
            url = self._url.replace("{to}", number)
        else:
            path, mark, query = self._url.partition("?")
            url = f"{path.rstrip('/')}/{number}{mark}{query}"
        provider = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False))
        if not provider.add(url):
            raise DeliveryFailed("Passerelle SMS : SMS_URL n’est pas comprise", whole_channel=True)
        if not provider.notify(body=text):  # apprise tells no more than yes or no
            raise DeliveryFailed("SMS non accepté par le fournisseur")

    def close(self) -> None:
        """apprise holds nothing open between two calls."""


def _retry_after(value: str) -> timedelta | None:
    """RFC 9110, 10.2.3: seconds, or a date. Bounded: a gateway's mistake must not silence us for a year."""
    if value.isdigit():
        wait = timedelta(seconds=min(int(value), LONGEST_WAIT.total_seconds()))
    elif value:
        try:
            wait = parsedate_to_datetime(value) - datetime.now(UTC)
        except (ValueError, TypeError):
            return None  # not a date: our own back-off will do
    else:
        return None
    return max(timedelta(), min(wait, LONGEST_WAIT))
