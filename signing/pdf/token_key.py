"""Keys in a security module (PKCS#11), named by URI (RFC 7512). They never leave it: it makes the signatures."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

import pkcs11
from pkcs11.util.ec import encode_ecdsa_signature

from signing.pdf.keys import KeyUnavailable
from signing.pdf.pkcs12_child import certificates_ordered

ONE_AT_A_TIME = threading.Lock()  # a login to a token belongs to the process, and all threads share it


@dataclass(frozen=True)
class TokenUri:
    """`pkcs11:token=…;object=…;id=%01`: the token, and the key and certificate in it."""

    token: str
    label: str | None
    key_id: bytes | None

    @classmethod
    def parse(cls, uri: str) -> TokenUri:
        """Raises ValueError for a URI that names no token or no key, or that contains a PIN, which would be
        stored."""
        scheme, _, rest = uri.partition(":")
        path, _, query = rest.partition("?")
        parts = dict(part.split("=", 1) for part in path.split(";") if "=" in part)
        if scheme != "pkcs11" or "token" not in parts or not parts.keys() & {"object", "id"}:
            raise ValueError("An URI of a key is like pkcs11:token=NAME;object=LABEL or pkcs11:token=NAME;id=%01.")
        if "pin-" in query:
            raise ValueError("The PIN is no part of the URI: set PKCS11_PIN.")
        return cls(
            token=unquote(parts["token"]),
            label=unquote(parts["object"]) if "object" in parts else None,
            key_id=unquote_to_bytes(parts["id"]) if "id" in parts else None,
        )

    def named(self, kind: Any) -> dict[Any, Any]:
        wanted = {pkcs11.Attribute.CLASS: kind, pkcs11.Attribute.LABEL: self.label, pkcs11.Attribute.ID: self.key_id}
        return {name: value for name, value in wanted.items() if value is not None}


class KeyInToken:
    def __init__(self, uri: str, *, module: str, pin: str) -> None:
        self._uri = TokenUri.parse(uri)
        self._module = module
        self._pin = pin

    def sign(self, data: bytes) -> bytes:
        with _session(self._uri, self._module, self._pin) as session:
            key: Any = _only(session.get_objects(self._uri.named(pkcs11.ObjectClass.PRIVATE_KEY)))
            if key.key_type == pkcs11.KeyType.RSA:
                return bytes(key.sign(data, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS))
            raw = key.sign(sha256(data).digest(), mechanism=pkcs11.Mechanism.ECDSA)
            return bytes(encode_ecdsa_signature(raw))

    def check(self) -> None:
        """Raises KeyUnavailable if the token has no such key, or does not show it with this PIN."""
        with _session(self._uri, self._module, self._pin) as session:
            _only(session.get_objects(self._uri.named(pkcs11.ObjectClass.PRIVATE_KEY)))

    def __repr__(self) -> str:
        return "KeyInToken(…)"


def certificates_in_token(uri: str, *, module: str, pin: str) -> tuple[bytes, list[bytes]]:
    """The key's certificate and those issuers that are in the token (DER). Raises KeyUnavailable."""
    named = TokenUri.parse(uri)
    with _session(named, module, pin) as session:
        kind = pkcs11.ObjectClass.CERTIFICATE
        own: Any = _only(session.get_objects(named.named(kind)))
        everything: Any = list(session.get_objects({pkcs11.Attribute.CLASS: kind}))
        der = bytes(own[pkcs11.Attribute.VALUE])
        others = [bytes(each[pkcs11.Attribute.VALUE]) for each in everything]
    return der, certificates_ordered(der, others)


@contextmanager
def _session(uri: TokenUri, module: str, pin: str) -> Iterator[Any]:
    with ONE_AT_A_TIME:
        try:
            with _library(module).get_token(token_label=uri.token).open(user_pin=pin) as session:
                yield session
        except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
            raise KeyUnavailable(type(error).__name__) from error


@lru_cache(maxsize=4)
def _library(module: str) -> Any:
    return pkcs11.lib(module)


def _only(objects_of_that_name: Any) -> Any:
    objects = list(objects_of_that_name)
    if len(objects) != 1:
        raise KeyUnavailable(f"{len(objects)} objects of that name")
    return objects[0]
