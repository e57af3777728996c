"""Keys of a remote signing service, by the API of the Cloud Signature Consortium (1.0.4), as pyHanko speaks it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import aiohttp
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.csc_signer import (
    CSCAuthorizationInfo,
    CSCAuthorizationManager,
    CSCServiceSessionInfo,
    CSCSigner,
    fetch_certs_in_csc_credential,
)

from signing.pdf.keys import KeyUnavailable
from signing.pdf.pkcs12_child import certificates_ordered

SECONDS = 20  # for each answer
T = TypeVar("T")


class _Authorizing(CSCAuthorizationManager):
    """Asks for the right to sign exactly these hashes, with the credential's PIN if it has one."""

    def __init__(self, *about: Any, session: aiohttp.ClientSession, pin: str) -> None:
        super().__init__(*about)
        self._session = session
        self._pin = pin

    async def authorize_signature(self, hash_b64s: list[str]) -> CSCAuthorizationInfo:
        async with self._session.post(
            self.csc_session_info.endpoint_url("credentials/authorize"),
            headers=self.auth_headers,
            json=self.format_csc_auth_request(hash_b64s=hash_b64s, pin=self._pin or None),
            raise_for_status=True,
        ) as response:
            return self.parse_csc_auth_response(await response.json())


class RemoteKey:
    def __init__(self, credential_id: str, *, url: str, token: str, pin: str) -> None:
        self._about = CSCServiceSessionInfo(url.rstrip("/"), credential_id, oauth_token=token or None)
        self._pin = pin

    def sign(self, data: bytes) -> bytes:
        async def signed(session: aiohttp.ClientSession) -> bytes:
            credential = await fetch_certs_in_csc_credential(session, self._about)
            manager = _Authorizing(self._about, credential, session=session, pin=self._pin)
            signer = CSCSigner(session, manager, sign_timeout=SECONDS)
            return await signer.async_sign_raw(data, "sha256")

        return _run(signed)

    def certificates(self) -> tuple[bytes, list[bytes]]:
        """The credential's certificate and what it leads to (DER). Raises KeyUnavailable."""

        async def fetch(session: aiohttp.ClientSession) -> tuple[bytes, list[bytes]]:
            credential = await fetch_certs_in_csc_credential(session, self._about)
            certificate = credential.signing_cert.dump()
            return certificate, certificates_ordered(certificate, [each.dump() for each in credential.chain])

        return _run(fetch)

    def __repr__(self) -> str:
        return "RemoteKey(…)"


def ask_service(url: str) -> None:
    """Ask the service for its description (CSC API 11.1), which needs no authorisation. Raises KeyUnavailable."""

    async def check(session: aiohttp.ClientSession) -> None:
        info = CSCServiceSessionInfo(url.rstrip("/"), "").endpoint_url("info")
        async with session.post(info, json={}, raise_for_status=True) as response:
            description = await response.json()
            if not isinstance(description, dict) or "specs" not in description:
                raise KeyUnavailable("no such service")

    _run(check)


def _run(ask: Callable[[aiohttp.ClientSession], Awaitable[T]]) -> T:
    async def run() -> T:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session:
            return await ask(session)

    try:
        with ThreadPoolExecutor(1) as pool:  # the caller may already run an event loop
            return pool.submit(asyncio.run, run()).result()
    except (SigningError, aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise KeyUnavailable(type(error).__name__) from error
