"""Certificates and keys: the installation's own authority, and what it issues to practitioners.

X.509 (RFC 5280), P-256 keys as encrypted PKCS#8. No storage here: callers keep what is returned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from signing.pdf.keys import SigningKey, opened, sealed

AUTHORITY_YEARS = 20
CREDENTIAL_YEARS = 3
BACKDATED = timedelta(minutes=5)  # for readers whose clock is slow


@dataclass(frozen=True)
class Issued:
    """A certificate (DER) and its private key (PKCS#8, PEM, encrypted)."""

    certificate: bytes
    private_key: bytes
    not_after: datetime


@dataclass(frozen=True)
class Credential:
    """What signs: a certificate, its chain of issuers, and access to its private key."""

    certificate: bytes  # DER
    key: SigningKey
    chain: tuple[bytes, ...]  # DER, issuer first

    def __repr__(self) -> str:
        return "Credential(…)"  # a key must not end up in a log


def create_authority(*, passphrase: str, organisation: str = "docshare") -> Issued:
    """A self-signed authority that issues signing certificates only.

    Its name holds a digest of its key, so no two installations have authorities of one name: a document of another
    site does not name ours.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{organisation} – autorité de signature"),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, _digest_of(key.public_key())),
        ]
    )
    builder = _builder(name, name, key.public_key(), AUTHORITY_YEARS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(authority=True), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return _issued(builder.sign(key, hashes.SHA256()), key, passphrase)


def _digest_of(key: ec.EllipticCurvePublicKey) -> str:
    return x509.SubjectKeyIdentifier.from_public_key(key).digest.hex()  # RFC 5280, 4.2.1.2, method 1


def _common_name(name: str) -> str:
    """As much as a certificate holds: 64 bytes, of which an accented letter takes two (RFC 5280, appendix A.1)."""
    return name.encode()[:64].decode(errors="ignore")


def issue_certificate(
    *,
    authority_certificate: bytes,
    authority_private_key: bytes,
    name: str,
    professional_number: str,
    passphrase: str,
    former_passphrases: Sequence[str] = (),
    revocation_url: str = "",
) -> Issued:
    """A signing certificate for a person; the number (RPPS) becomes the subject's serialNumber.

    `former_passphrases`: others that may open the authority's key; the new one is encrypted under `passphrase`.
    `revocation_url`: where readers find out whether it was revoked (CRL distribution point, RFC 5280, 4.2.1.13).
    Raises signing.pdf.keys.KeyNotOpened.
    """
    issuer = x509.load_der_x509_certificate(authority_certificate)
    issuer_key = private_key_of(authority_private_key, passphrase, *former_passphrases)
    key = ec.generate_private_key(ec.SECP256R1())
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
        x509.NameAttribute(NameOID.COMMON_NAME, _common_name(name)),
    ]
    if professional_number:
        attributes.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, professional_number))
    builder = _builder(x509.Name(attributes), issuer.subject, key.public_key(), CREDENTIAL_YEARS)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(authority=False), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    issuer_public = issuer_key.public_key()
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_public), critical=False)
    if revocation_url:
        builder = builder.add_extension(
            x509.CRLDistributionPoints([_distribution_point(revocation_url)]), critical=False
        )
    return _issued(builder.sign(issuer_key, hashes.SHA256()), key, passphrase)


def names_revocation_source(certificate: bytes) -> bool:
    """Whether the certificate names where to ask if it was revoked: levels B-LT and B-LTA need that answer."""
    extensions = x509.load_der_x509_certificate(certificate).extensions
    access = [each.value for each in extensions if isinstance(each.value, x509.AuthorityInformationAccess)]
    return any(isinstance(each.value, x509.CRLDistributionPoints) for each in extensions) or any(
        description.access_method == AuthorityInformationAccessOID.OCSP for each in access for description in each
    )


def private_key_of(pem: bytes, *passphrases: str) -> ec.EllipticCurvePrivateKey:
    """Raises signing.pdf.keys.KeyNotOpened."""
    key, _passphrase = opened(pem, *passphrases)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("Keys of the installation's own authority are on an elliptic curve.")
    return key


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, years: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=365 * years))
    )


def _distribution_point(url: str) -> x509.DistributionPoint:
    return x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,  # nonRepudiation
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _issued(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, passphrase: str) -> Issued:
    return Issued(
        certificate=certificate.public_bytes(serialization.Encoding.DER),
        private_key=sealed(key, passphrase),
        not_after=certificate.not_valid_after_utc,
    )
