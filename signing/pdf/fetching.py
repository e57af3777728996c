"""Asks certificate authorities for validation data: issuers, revocation lists and OCSP answers. Runs in the sandbox;
imports no Django.

The addresses come from certificates, and anybody may import one. As with webhooks, a name is resolved once, refused
if it resolves to an address inside our own network, and the connection goes to exactly that address; a redirect is
checked in the same way. Authorities inside the practice's own network are named in the settings (`inside`).
"""

from __future__ import annotations

import contextlib
import socket
from asyncio import to_thread
from collections.abc import Awaitable, Iterable
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from asn1crypto import crl
from pyhanko_certvalidator.fetchers import CRLFetcher, FetcherBackend, Fetchers
from pyhanko_certvalidator.fetchers.api import FetchLimits
from pyhanko_certvalidator.fetchers.common_utils import FetchBudget
from pyhanko_certvalidator.fetchers.requests_fetchers.cert_fetch_client import RequestsCertificateFetcher
from pyhanko_certvalidator.fetchers.requests_fetchers.crl_client import RequestsCRLFetcher
from pyhanko_certvalidator.fetchers.requests_fetchers.ocsp_client import RequestsOCSPFetcher
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from accounts.public_addresses import is_public

SECONDS = 5  # for a revocation list or an OCSP answer
MAX_BYTES = 32 << 20  # of one; the longest lists of large authorities have some megabytes
CHUNK = 1 << 16
MAX_REDIRECTS = 3


class AddressNotPublic(requests.ConnectionError):
    """The address does not belong to a public host."""


class Authorities(FetcherBackend):
    """Asks authorities for their lists, except authorities whose list the caller supplied: our own, because a site
    may not reach itself by its public address. `inside`: hosts of our own network that may be asked."""

    def __init__(self, *, brought: Iterable[str], inside: Iterable[str]) -> None:
        self._brought = set(brought)
        self._inside = frozenset(host.lower() for host in inside)

    def get_fetchers(self) -> Fetchers:
        """The fetchers, each with a session of its own; they share one budget of requests (pyHanko's)."""
        budget = FetchBudget(FetchLimits())
        options: dict[str, Any] = {"per_request_timeout": SECONDS, "budget": budget}
        return Fetchers(
            ocsp_fetcher=_Responders(self._inside, **options),
            crl_fetcher=_Brought(_Lists(self._inside, **options), self._brought),
            cert_fetcher=_Issuers(self._inside, **options),
        )

    async def close(self) -> None:
        """Nothing to do: the sessions end with the child process."""


class _Guarded:
    """Wraps a fetcher of pyHanko and replaces the two methods by which it reaches the network."""

    per_request_timeout: float
    user_agent: str

    def __init__(self, inside: frozenset[str], **options: Any) -> None:
        super().__init__(**options)
        self._inside = inside

    def _get(self, url: str, *, acceptable_content_types: Iterable[str]) -> Awaitable[requests.Response]:
        return to_thread(self._ask, "GET", url, {"Accept": ",".join(acceptable_content_types)})

    def _post(
        self, url: str, data: bytes, *, content_type: str, acceptable_content_types: Iterable[str]
    ) -> Awaitable[requests.Response]:
        headers = {"Accept": ",".join(acceptable_content_types), "Content-Type": content_type}
        return to_thread(self._ask, "POST", url, headers, data)

    def _ask(self, method: str, url: str, headers: dict[str, str], data: bytes | None = None) -> requests.Response:
        """Raises requests.RequestException."""
        with guarded_session(self._inside) as session:
            response = session.request(
                method, url, data=data, timeout=self.per_request_timeout, stream=True,
                headers={"User-Agent": self.user_agent, **headers},
            )  # fmt: skip
            if response.status_code != 200:
                raise requests.RequestException(f"status code {response.status_code}")
            response._content = _content(response)
            return response


class _Lists(_Guarded, RequestsCRLFetcher):
    pass


class _Responders(_Guarded, RequestsOCSPFetcher):
    pass


class _Issuers(_Guarded, RequestsCertificateFetcher):
    pass


class _Brought(CRLFetcher):
    def __init__(self, others: CRLFetcher, brought: set[str]) -> None:
        self._others = others
        self._brought = brought

    async def fetch(self, cert: Any, *, use_deltas: bool | None = None) -> Iterable[crl.CertificateList]:
        if cert.issuer.hashable in self._brought:
            return []
        return await self._others.fetch(cert, use_deltas=use_deltas)

    def fetched_crls(self) -> Iterable[crl.CertificateList]:
        return self._others.fetched_crls()

    def fetched_crls_for_cert(self, cert: Any) -> Iterable[crl.CertificateList]:
        return [] if cert.issuer.hashable in self._brought else self._others.fetched_crls_for_cert(cert)


def _content(response: requests.Response) -> bytes:
    content = bytearray()
    for chunk in response.iter_content(CHUNK):
        content += chunk
        if len(content) > MAX_BYTES:
            raise requests.RequestException("longer than an answer may be")
    return bytes(content)


def guarded_session(inside: frozenset[str]) -> requests.Session:
    """A session that connects only to public hosts and to the hosts in `inside`."""
    session = requests.Session()
    session.max_redirects = MAX_REDIRECTS
    for scheme in ("http://", "https://"):
        session.mount(scheme, _PublicHosts(inside))
    return session


class _PublicHosts(HTTPAdapter):
    def __init__(self, inside: frozenset[str]) -> None:
        self._inside = inside
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        inside = self._inside

        class Plain(_Pinned):
            hosts_inside = inside

        class Tls(_Pinned, HTTPSConnection):
            hosts_inside = inside

        class PlainPool(urllib3.HTTPConnectionPool):
            ConnectionCls = Plain

        class TlsPool(urllib3.HTTPSConnectionPool):
            ConnectionCls = Tls

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Refuse names that resolve to an inside address. A proxy resolves names itself, so no address can be pinned;
        a name that only the proxy can resolve is not in our network."""
        url = request.url or ""
        if select_proxy(url, kwargs.get("proxies")):
            with contextlib.suppress(socket.gaierror):
                addresses_of(urlsplit(url).hostname or "", 0, self._inside)
        return super().send(request, *args, **kwargs)


class _Pinned(HTTPConnection):
    """Connects to an address that is already resolved, against DNS rebinding."""

    hosts_inside: frozenset[str]
    port: int
    _dns_host: str

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        try:
            addresses = addresses_of(name, self.port, self.hosts_inside)
        except OSError as error:
            raise NewConnectionError(self, type(error).__name__) from error
        try:
            for address in addresses[:-1]:
                self._dns_host = address
                with contextlib.suppress(NewConnectionError, ConnectTimeoutError):
                    return self._connected()
            self._dns_host = addresses[-1]
            return self._connected()
        finally:
            self._dns_host = name

    def _connected(self) -> socket.socket:
        return super()._new_conn()


def addresses_of(host: str, port: int, inside: frozenset[str]) -> list[str]:
    """The addresses to connect to, without duplicates. Raises AddressNotPublic, and OSError if the name can't be
    resolved."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if host.lower().rstrip(".") not in inside and not all(map(is_public, addresses)):
        raise AddressNotPublic(host)
    return addresses
