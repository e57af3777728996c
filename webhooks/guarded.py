"""Calls to addresses that users type: never into our own network, whatever a name resolves to.

A name is resolved once; if one of its addresses is not public the call is refused, and the connection goes to exactly
the address that was checked (DNS rebinding). The pools follow no redirect.
"""

from __future__ import annotations

import socket
from urllib.parse import SplitResult, urlsplit

import certifi
import urllib3
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.public_addresses import is_public, literal_address
from notifications.channels.whole_answers import WatchedConnection, WatchedTlsConnection

TIMEOUT = urllib3.Timeout(connect=5, read=10)


class Unreachable(Exception):
    """The address may not, or cannot, be called. `reason`: shown to the practice, translated on display."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_address(url: str, *, example: str) -> None:
    """Check an address that a user typed. `example`: a valid one, for the sentence. Raises ValidationError."""
    try:
        URLValidator()(url)
    except ValidationError:
        sentence = _("Cette adresse est incomplète ou mal écrite. Exemple : %(example)s.") % {"example": example}
        raise ValidationError({"url": sentence}) from None
    address = urlsplit(url)
    if not _can_be_called(address):
        sentence = _("Cette adresse est incomplète ou mal écrite. Exemple : %(example)s.") % {"example": example}
        raise ValidationError({"url": sentence})
    if address.scheme != "https" and not (address.scheme == "http" and settings.WEBHOOKS_MAY_STAY_INSIDE):
        raise ValidationError({"url": _("L’adresse doit commencer par https://.")})
    if address.username or address.password:
        raise ValidationError({"url": _("L’adresse ne doit contenir ni identifiant ni mot de passe.")})
    literal = literal_address(address.hostname or "")
    if literal and not is_public(literal) and not settings.WEBHOOKS_MAY_STAY_INSIDE:
        sentence = _("Cette adresse mène à un réseau privé ou réservé. Donnez le nom public du serveur.")
        raise ValidationError({"url": sentence})


def _can_be_called(address: SplitResult) -> bool:
    """Whether its port is one, and its host a name that DNS can hold (RFC 5890)."""
    try:
        return address.port != 0 and bool((address.hostname or "").encode("idna"))
    except ValueError:  # UnicodeError is one
        return False


def pool_to(url: str) -> urllib3.HTTPConnectionPool:
    """Connections to the checked address of the URL's host, each watched by `whole_answer_within`.

    Raises Unreachable.
    """
    address = urlsplit(url)
    host, secure = address.hostname or "", address.scheme == "https"
    port = address.port or (443 if secure else 80)
    target = _resolve(host, port)
    if secure:
        pool: urllib3.HTTPConnectionPool = urllib3.HTTPSConnectionPool(
            target, port, server_hostname=host, assert_hostname=host, ca_certs=certifi.where(), timeout=TIMEOUT
        )
        pool.ConnectionCls = WatchedTlsConnection
    else:
        pool = urllib3.HTTPConnectionPool(target, port, timeout=TIMEOUT)
        pool.ConnectionCls = WatchedConnection
    return pool


def host_of(url: str) -> str:
    """For the header Host."""
    return urlsplit(url).netloc


def path_of(url: str) -> str:
    address = urlsplit(url)
    return (address.path or "/") + (f"?{address.query}" if address.query else "")


def _resolve(host: str, port: int) -> str:
    try:
        resolved = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unreachable(gettext_noop("Le nom du serveur n’existe pas")) from error
    addresses = [str(entry[4][0]) for entry in resolved]
    if not settings.WEBHOOKS_MAY_STAY_INSIDE and not all(map(is_public, addresses)):
        raise Unreachable(gettext_noop("Cette adresse mène au réseau interne : elle est refusée"))
    return addresses[0]
