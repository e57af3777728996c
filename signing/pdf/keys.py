"""Private keys and their permitted use.

Keys stay in this process. The child process that parses the document asks for a signature and receives nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Protocol

from asn1crypto import cms
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

MAX_ATTRIBUTES = 64 * 1024  # bytes; those of a signature have some hundreds


class SigningKey(Protocol):
    def sign(self, data: bytes) -> bytes:
        """Over SHA-256: ECDSA (DER), or RSA with PKCS#1 v1.5. Raises KeyUnavailable."""
        ...  # pragma: no cover


class KeyUnavailable(Exception):
    """The key can't be used now: its token or service does not answer, or refuses."""


class KeyNotOpened(Exception):
    """None of the given passphrases decrypts the key, or the key is damaged."""


class WrongUse(Exception):
    """The child asked to sign something other than a document by this certificate."""


class KeyInMemory:
    """A decrypted key, held in memory for one signature."""

    def __init__(self, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
        self._key = key

    @classmethod
    def decrypted(cls, pem: bytes, *passphrases: str) -> KeyInMemory:
        """PKCS#8, by the first passphrase that opens it. Raises KeyNotOpened."""
        key, _passphrase = opened(pem, *passphrases)
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise TypeError("Keys are RSA or on an elliptic curve.")
        return cls(key)

    def sign(self, data: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))

    def __repr__(self) -> str:
        return "KeyInMemory(…)"  # a key must not end up in a log


def opened(pem: bytes, *passphrases: str) -> tuple[PrivateKeyTypes, str]:
    """The key (PKCS#8, PEM) and the first passphrase that opens it. Raises KeyNotOpened."""
    for passphrase in passphrases:
        try:
            # Checking an RSA key takes longer than signing with it; this key was checked when it was imported.
            key = serialization.load_pem_private_key(pem, passphrase.encode(), unsafe_skip_rsa_key_validation=True)
        except ValueError:
            continue
        return key, passphrase
    raise KeyNotOpened


def sealed_again(pem: bytes, *passphrases: str) -> bytes | None:
    """The key encrypted under the first passphrase; None if it is already. Raises KeyNotOpened."""
    key, passphrase = opened(pem, *passphrases)
    return None if passphrase == passphrases[0] else sealed(key, passphrases[0])


def sealed(key: PrivateKeyTypes, passphrase: str) -> bytes:
    """PKCS#8, PEM, encrypted."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode()),
    )


def answer_to(question: Any, *, certificate: bytes, key: SigningKey) -> str:
    """The signature (base64) of the attributes (base64, DER) that a child asks for.

    Only attributes of a document's signature by this very certificate (RFC 5652, 5.3; RFC 5035): a child process
    under a malicious document's control can't use the key to authenticate elsewhere or to sign anything else. Raises
    WrongUse, KeyUnavailable.
    """
    try:
        data = base64.b64decode(question, validate=True)
        attributes = {each["type"].native: each["values"] for each in _attributes(data)}
        content_type = attributes["content_type"][0].native
        named = attributes["signing_certificate_v2"][0]["certs"][0]
        named_by = named["hash_algorithm"]["algorithm"].native, named["cert_hash"].native
        digest = attributes["message_digest"][0].native
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise WrongUse("no attributes of a signature") from error
    if content_type != "data" or len(digest) != hashlib.sha256().digest_size:
        raise WrongUse("not of a document")
    if named_by != ("sha256", hashlib.sha256(certificate).digest()):
        raise WrongUse("by another certificate")
    return base64.b64encode(key.sign(data)).decode("ascii")


def _attributes(data: bytes) -> cms.CMSAttributes:
    if len(data) > MAX_ATTRIBUTES:
        raise ValueError("too long")
    return cms.CMSAttributes.load(data, strict=True)
