"""Encrypts an archive file by file: AES-256-GCM, the key from a passphrase by scrypt (RFC 7914).

Each file is a nonce of 12 bytes and the AES-GCM ciphertext, with the file's path as associated data, so that files
can't be exchanged. The manifest is not encrypted; an HMAC-SHA-256 under a second key protects it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
COST = {"n": 1 << 15, "r": 8, "p": 1}  # 32 MB, some 0.1 s
MEMORY = 64 << 20
SHORTEST = 12  # characters


class WrongPassphrase(Exception):
    """The passphrase is wrong or the file was changed: AES-GCM can't tell which."""


@dataclass(frozen=True)
class Sealer:
    salt: bytes
    _content_key: bytes
    _manifest_key: bytes

    @classmethod
    def new(cls, passphrase: str) -> Sealer:
        return cls.with_salt(passphrase, os.urandom(16))

    @classmethod
    def with_salt(cls, passphrase: str, salt: bytes) -> Sealer:
        keys = hashlib.scrypt(passphrase.encode(), salt=salt, dklen=64, maxmem=MEMORY, **COST)
        return cls(salt, keys[:32], keys[32:])

    def seal(self, content: bytes, path: str) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(self._content_key).encrypt(nonce, content, path.encode())

    def open(self, sealed: bytes, path: str) -> bytes:
        """Raises WrongPassphrase."""
        try:
            return AESGCM(self._content_key).decrypt(sealed[:NONCE], sealed[NONCE:], path.encode())
        except (InvalidTag, ValueError) as error:
            raise WrongPassphrase from error

    def stamp(self, manifest: bytes) -> str:
        return hmac.new(self._manifest_key, manifest, hashlib.sha256).hexdigest()
