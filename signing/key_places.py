"""From a database row to a usable credential, wherever its key is stored."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from django.conf import settings

from accounts.models import User
from practices.models import Practice
from signing.imported_certificates import install
from signing.models import KeyPlace, SigningCredential
from signing.passphrases import passphrases
from signing.pdf.credentials import Credential
from signing.pdf.imported import checked
from signing.pdf.keys import KeyInMemory, SigningKey
from signing.pdf.token_key import KeyInToken, certificates_in_token

if TYPE_CHECKING:
    from signing.pdf.remote_key import RemoteKey


def credential_of(stored: SigningCredential) -> Credential:
    """Raises signing.pdf.keys.KeyNotOpened."""
    certificate = bytes(stored.certificate)
    chain = [base64.b64decode(each) for each in stored.chain]
    if stored.authority:
        chain = [bytes(stored.authority.certificate)]
    # Without its issuer a certificate vouches for itself: readers then find the issuer, or do not confirm the signer.
    return Credential(certificate=certificate, key=_key(stored), chain=tuple(chain or [certificate]))


def _key(stored: SigningCredential) -> SigningKey:
    match stored.key_place:
        case KeyPlace.PKCS11:
            return key_in_token(stored.key_reference)
        case KeyPlace.REMOTE:
            return remote_key(stored.key_reference)
        case _:
            return KeyInMemory.decrypted(bytes(stored.private_key), *passphrases())


def key_in_token(uri: str) -> KeyInToken:
    return KeyInToken(uri, module=settings.PKCS11_MODULE, pin=settings.PKCS11_PIN)


def remote_key(credential_id: str) -> RemoteKey:
    from signing.pdf.remote_key import RemoteKey  # loads 8 MiB, which most installations never use

    return RemoteKey(credential_id, url=settings.CSC_URL, token=settings.CSC_TOKEN, pin=settings.CSC_PIN)


def install_key(*, owner: User | Practice, key_place: KeyPlace, reference: str) -> SigningCredential:
    """Install a key that is stored outside the database; it signs from now on. For the installation's operator.

    Raises ValueError for a reference that names no key, signing.pdf.keys.KeyUnavailable, and
    signing.pdf.imported.CertificateRefused.
    """
    if key_place == KeyPlace.PKCS11:
        certificates = certificates_in_token(reference, module=settings.PKCS11_MODULE, pin=settings.PKCS11_PIN)
    else:
        certificates = remote_key(reference).certificates()
    certificate, chain = certificates
    return install(
        owner=owner,
        imported=checked(certificate=certificate, private_key=b"", chain=chain),
        key_place=key_place,
        key_reference=reference,
        by=None,
    )
