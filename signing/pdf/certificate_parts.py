"""The parts of an X.509 certificate (RFC 5280, 4.1), byte for byte. Imports no Django.

Also reads certificates that the cryptography library rejects.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache

from asn1crypto import x509 as asn1_x509

from signing.pdf import ber

VERSION, EXTENSIONS = 0xA0, 0xA3
SEQUENCE, INTEGER = 0x30, 0x02
# The certificate; what is signed, the algorithm and the signature; then from the serial number to the key.
TAGS = [SEQUENCE, SEQUENCE, SEQUENCE, ber.BIT_STRING, INTEGER, *[SEQUENCE] * 5]
KEY_IDENTIFIER, AUTHORITY_KEY_IDENTIFIER = bytes.fromhex("0603551d0e"), bytes.fromhex("0603551d23")


@dataclass(frozen=True)
class CertificateParts:
    """DER each. `key`: SubjectPublicKeyInfo."""

    der: bytes
    serial: bytes
    issuer: bytes
    subject: bytes
    key: bytes
    key_identifier: bytes  # empty where the certificate has none
    authority_key_identifier: bytes

    @property
    def is_own_issuer(self) -> bool:
        return self.issuer == self.subject

    @cached_property
    def key_digest(self) -> bytes:
        """The digest that replaces the key identifier if the certificate has none (RFC 5280, 4.2.1.2)."""
        bits = ber.values_in(ber.first(self.key).content)[1].content[1:]
        return hashlib.sha1(bits, usedforsecurity=False).digest()


def parts_of(der: bytes) -> CertificateParts:
    """Raises ber.NotBer."""
    try:
        return _parts(der)
    except (ValueError, IndexError) as error:
        raise ber.NotBer("no certificate") from error


def _parts(der: bytes) -> CertificateParts:
    certificate = ber.first(der)
    outer = ber.values_in(certificate.content)
    fields = ber.values_in(outer[0].content)
    if fields[0].tag == VERSION:
        fields.pop(0)
    tags = [certificate.tag, *(each.tag for each in outer), *(each.tag for each in fields[:6])]
    if tags != TAGS:
        raise ber.NotBer("no certificate")
    extensions = _extensions(next((each for each in fields[6:] if each.tag == EXTENSIONS), None))
    return CertificateParts(
        der=der,
        serial=fields[0].raw,
        issuer=fields[2].raw,
        subject=fields[4].raw,
        key=fields[5].raw,
        key_identifier=_content(extensions.get(KEY_IDENTIFIER)),
        authority_key_identifier=_named_key(extensions.get(AUTHORITY_KEY_IDENTIFIER)),
    )


@lru_cache(maxsize=512)
def comparable(name: bytes) -> str:
    """A name in the form in which RFC 5280, 7.1 compares names; its bytes if it can't be normalised."""
    try:
        return str(asn1_x509.Name.load(name).hashable)
    except (ValueError, TypeError, KeyError):
        return name.hex()


def _extensions(wrapped: ber.Value | None) -> dict[bytes, bytes]:
    """The value of each extension by its object identifier."""
    if wrapped is None:
        return {}
    extensions = {}
    for extension in ber.values_in(ber.first(wrapped.content).content):
        kind, *_critical, value = ber.values_in(extension.content)
        extensions[kind.raw] = value.content
    return extensions


def _content(encoded: bytes | None) -> bytes:
    return ber.first(encoded).content if encoded else b""


def _named_key(encoded: bytes | None) -> bytes:
    """[0] keyIdentifier (RFC 5280, 4.2.1.1)."""
    values = ber.values_in(_content(encoded))
    return next((each.content for each in values if each.tag == 0x80), b"")
