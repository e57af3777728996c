"""CMS signatures (RFC 5652) as other programs write them, and time-stamps (RFC 3161); written by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, utils

from tests.signing.foreign import der
from tests.signing.foreign.certificates import (
    DIGESTS,
    HASHES,
    PSS,
    Certified,
    clock,
    doctor,
    key_identifier,
    signature,
    signing_algorithm,
)

DATA, SIGNED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"
TIME_STAMP_INFO = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
PROTECTION = "1.2.840.113549.1.9.52"
SIGNATURE_TIME_STAMP, CONTENT_TIME_STAMP = "1.2.840.113549.1.9.16.2.14", "1.2.840.113549.1.9.16.2.20"
SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
REVOCATION_ARCHIVAL = "1.2.840.113583.1.1.8"
Sign = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Signer:
    """The properties of a SignerInfo."""

    by: Certified
    digest: str = "sha256"
    algorithm: bytes = b""  # AlgorithmIdentifier of the signature; if empty, from the key
    digest_algorithm: bytes = b""
    sign: Sign | None = None
    attributes: bool = True
    without: tuple[str, ...] = ()  # attributes to omit
    more: tuple[tuple[str, bytes], ...] = ()  # further signed attributes
    named_by_key: bool = False
    names: str = "v2"  # signing-certificate attribute: "v1", "v2", ""
    names_another: bool = False
    in_order: bool = True  # whether stored in order; the signed form always is
    stamp: Callable[[bytes], bytes] | None = None  # a time-stamp over the signature
    spoil_digest: bool = False
    spoil_signature: bool = False

    def info(self, content: bytes, content_type: str = DATA) -> bytes:
        """Signs `content`, or the external content whose digest it is."""
        digest_algorithm = self.digest_algorithm or der.algorithm(DIGESTS[self.digest], der.NULL)
        attributes = self._attributes(content, content_type, digest_algorithm)
        signed = der.set_of(*attributes) if self.attributes else content
        make = self.sign or (lambda data: signature(self.by.key, data, self.digest))
        value = bytearray(make(signed))
        value[len(value) // 2] ^= self.spoil_signature
        named = (
            der.tlv(0x80, key_identifier(self.by.key))
            if self.named_by_key
            else der.sequence(_issuer(self.by.certificate), der.integer(self.by.serial))
        )
        stored = der.tlv(0xA0, b"".join(sorted(attributes) if self.in_order else sorted(attributes, reverse=True)))
        stamp = self.stamp(bytes(value)) if self.stamp else b""
        return der.sequence(
            der.integer(3 if self.named_by_key else 1), named, digest_algorithm,
            stored if self.attributes else b"",
            self.algorithm or signing_algorithm(self.by.key, self.digest), der.octets(bytes(value)),
            der.tlv(0xA1, attribute(SIGNATURE_TIME_STAMP, stamp)) if stamp else b"",
        )  # fmt: skip

    def _attributes(self, content: bytes, content_type: str, digest_algorithm: bytes) -> list[bytes]:
        digest = bytearray(digested(self.digest, content))
        digest[0] ^= self.spoil_digest
        found = {
            CONTENT_TYPE: der.oid(content_type),
            SIGNING_TIME: der.utc_time(datetime.now(UTC)),
            MESSAGE_DIGEST: der.octets(bytes(digest)),
        }
        if self.names:
            certificate = self.by.certificate + b"another" * self.names_another
            name = hashlib.sha1 if self.names == "v1" else hashlib.sha256
            kind = SIGNING_CERTIFICATE if self.names == "v1" else SIGNING_CERTIFICATE_V2
            found[kind] = der.sequence(der.sequence(der.sequence(der.octets(name(certificate).digest()))))
        found |= dict(self.more)
        return [attribute(kind, value) for kind, value in found.items() if kind not in self.without]


def digested(name: str, content: bytes) -> bytes:
    return hashlib.shake_256(content).digest(64) if name == "shake_256" else hashlib.new(name, content).digest()


def attribute(kind: str, value: bytes) -> bytes:
    return der.sequence(der.oid(kind), der.set_of(value))


def _issuer(certificate: bytes) -> bytes:
    parts = der.children(der.children(certificate)[0])
    return parts[3] if parts[0][0] == 0xA0 else parts[2]


@dataclass(frozen=True)
class Cms:
    """The properties of a SignedData. `certificates`: None for the signers' with their chains."""

    signers: tuple[Signer, ...]
    certificates: tuple[bytes, ...] | None = None
    extra: tuple[bytes, ...] = ()  # raw, among the certificates
    lists: tuple[bytes, ...] = ()  # revocation lists
    encapsulated: str = ""  # algorithm of the encapsulated digest of the document
    content_type: str = DATA
    indefinite: int = 0  # levels with indefinite length

    def over(self, document: bytes) -> bytes:
        content = digested(self.encapsulated, document) if self.encapsulated else document
        inside = der.tlv(0xA0, der.octets(content)) if self.encapsulated else b""
        return self.wrapped(content, inside)

    def wrapped(self, content: bytes, inside: bytes) -> bytes:
        infos = [signer.info(content, self.content_type) for signer in self.signers]
        own = [each for signer in self.signers for each in (signer.by.certificate, *signer.by.chain)]
        certificates = b"".join(
            [*dict.fromkeys(own if self.certificates is None else self.certificates), *self.extra]
        )
        digests = {
            signer.digest_algorithm or der.algorithm(DIGESTS[signer.digest], der.NULL) for signer in self.signers
        }
        signed = der.sequence(
            der.integer(1), der.set_of(*digests), der.sequence(der.oid(self.content_type), inside),
            der.tlv(0xA0, certificates) if certificates else b"",
            der.tlv(0xA1, b"".join(self.lists)) if self.lists else b"",
            der.set_of(*infos, in_order=False),
        )  # fmt: skip
        made = der.sequence(der.oid(SIGNED_DATA), der.tlv(0xA0, signed))
        return der.indefinite(made, self.indefinite) if self.indefinite else made


def token(stamped: bytes, *, imprint: str = "sha256", names: str = "v2", **changes: Any) -> bytes:
    """A time-stamp over these bytes."""
    info = der.sequence(
        der.integer(1), der.oid("1.2.3.4.1"),
        der.sequence(der.algorithm(DIGESTS[imprint], der.NULL), der.octets(digested(imprint, stamped))),
        der.integer(4711), der.general_time(datetime.now(UTC)),
    )  # fmt: skip
    signer = replace(Signer(clock(), names=names), **changes)
    return Cms((signer,), content_type=TIME_STAMP_INFO).wrapped(info, der.tlv(0xA0, der.octets(info)))


def pss(digest: str, salt: int, mask: str = "") -> tuple[bytes, Sign]:
    """AlgorithmIdentifier and signing function of the doctor's RSA key."""
    mask = mask or digest
    hashed, masked = (der.algorithm(DIGESTS[each], der.NULL) for each in (digest, mask))
    parameters = der.sequence(
        der.tlv(0xA0, hashed),
        der.tlv(0xA1, der.algorithm("1.2.840.113549.1.1.8", masked)),
        der.tlv(0xA2, der.integer(salt)),
    )
    chosen = padding.PSS(mgf=padding.MGF1(HASHES[mask]), salt_length=salt)

    def sign(data: bytes) -> bytes:
        return bytes(doctor().key.sign(data, chosen, HASHES[digest]))

    return der.algorithm(PSS, parameters), sign


def plain_ecdsa(by: Certified, digest: str) -> Sign:
    """The two numbers concatenated (BSI TR-03111)."""

    def sign(data: bytes) -> bytes:
        pair = utils.decode_dss_signature(signature(by.key, data, digest))
        return b"".join(number.to_bytes(32, "big") for number in pair)

    return sign
