"""The list of certificates that the installation's authority revoked (X.509 CRL, RFC 5280, 5)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from signing.pdf.credentials import BACKDATED, private_key_of

VALID_FOR = timedelta(days=7)  # a reader may cache a list for this long
RENEWED_AFTER = timedelta(days=1)  # long before the list expires, because a scheduler may be down for days


def revocation_list(
    *,
    authority_certificate: bytes,
    authority_private_key: bytes,
    passphrase: str,
    former_passphrases: Sequence[str] = (),
    revoked: Iterable[tuple[bytes, datetime]],
) -> bytes:
    """DER. `revoked`: certificates (DER) and since when. Raises signing.pdf.keys.KeyNotOpened."""
    issuer = x509.load_der_x509_certificate(authority_certificate)
    key = private_key_of(authority_private_key, passphrase, *former_passphrases)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now - BACKDATED)
        .next_update(now + VALID_FOR)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        # Milliseconds: each list gets a higher number than the one before, whichever process writes it.
        .add_extension(x509.CRLNumber(math.floor(now.timestamp() * 1000)), critical=False)
    )
    for certificate, since in revoked:
        serial = x509.load_der_x509_certificate(certificate).serial_number
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since).build()
        )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
