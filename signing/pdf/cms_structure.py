"""The parts of a CMS signature (RFC 5652, 5), byte for byte. Imports no Django."""

from __future__ import annotations

from dataclasses import dataclass, field

from asn1crypto import core

from signing.pdf import ber

SIGNED_DATA = "1.2.840.113549.1.7.2"
DATA = "1.2.840.113549.1.7.1"
TIME_STAMP_INFO = "1.2.840.113549.1.9.16.1.4"
SEQUENCE, INTEGER, OCTET_STRING = 0x30, 0x02, 0x04
CERTIFICATE = SEQUENCE  # among [0] IMPLICIT certificates; attribute certificates and others have context tags
VERSIONS, SIGNER_VERSIONS = (1, 3, 4, 5), (1, 3)  # 5.1 and 5.3
MAX_CERTIFICATES = 64
MAX_SIGNERS = 8


class NotSignedData(Exception):
    """The content is of another type, or in a form that this software does not read."""


@dataclass(frozen=True)
class SignerInfo:
    """All DER. `attributes`: the signed ones, under the tag that is signed (5.4); empty if there are none."""

    issuer: bytes  # of the certificate; empty if the certificate is named by its key
    serial: bytes
    key_identifier: bytes
    digest_algorithm: bytes
    attributes: bytes
    signature_algorithm: bytes
    signature: bytes
    unsigned: dict[str, list[bytes]] = field(default_factory=dict)

    def signed_values(self) -> dict[str, list[bytes]]:
        """Values of the signed attributes by object identifier. Raises ber.NotBer."""
        try:
            return _attributes(self.attributes) if self.attributes else {}
        except (ValueError, IndexError) as error:
            raise ber.NotBer("no attributes") from error


@dataclass(frozen=True)
class SignedData:
    content_type: str
    content: bytes | None  # None: it is elsewhere, in the document
    digests: tuple[bytes, ...]  # algorithms announced
    certificates: tuple[bytes, ...]
    signers: tuple[SignerInfo, ...]


def signed_data(contents: bytes) -> SignedData:
    """The SignedData in a ContentInfo, which padding may follow.

    Raises ber.NotBer for bytes that are no ContentInfo, NotSignedData for one of another type.
    """
    try:
        return _signed_data(contents)
    except (ValueError, IndexError) as error:
        raise ber.NotBer("no ContentInfo") from error


def _signed_data(contents: bytes) -> SignedData:
    content_type, *rest = ber.values_in(_sequence(ber.first(ber.definite(contents))))
    if [each.tag for each in rest] != [0xA0]:
        raise ber.NotBer("no ContentInfo")
    if identifier(content_type) != SIGNED_DATA:
        raise NotSignedData("no signed data")
    parts = ber.values_in(_sequence(ber.first(rest[0].content)))
    inner_type, *inner = ber.values_in(_sequence(parts[2]))
    if len(parts) < 4 or len(inner) > 1 or parts[1].tag != ber.SET or parts[-1].tag != ber.SET:
        raise ber.NotBer("no SignedData")
    _check_version(parts[0], VERSIONS)
    if not {part.tag for part in parts[3:-1]} <= {0xA0, 0xA1}:
        raise ber.NotBer("no SignedData")
    certificates = [each for part in parts[3:-1] if part.tag == 0xA0 for each in ber.values_in(part.content)]
    if any(each.tag != CERTIFICATE and each.tag & 0xC0 != 0x80 for each in certificates):
        raise ber.NotBer("no certificates")
    signers = ber.values_in(parts[-1].content)
    if len(signers) > MAX_SIGNERS or len(certificates) > MAX_CERTIFICATES:
        raise NotSignedData("more signers or certificates than are looked at")
    return SignedData(
        content_type=identifier(inner_type),
        content=_octets(ber.first(inner[0].content)) if inner else None,
        digests=tuple(each.raw for each in ber.values_in(parts[1].content)),
        certificates=tuple(each.raw for each in certificates if each.tag == CERTIFICATE),
        signers=tuple(_signer(each) for each in signers),
    )


def identifier(value: ber.Value) -> str:
    """Dotted. Raises ber.NotBer."""
    try:
        return str(core.ObjectIdentifier.load(value.raw).dotted)
    except (ValueError, TypeError, IndexError) as error:
        raise ber.NotBer("no object identifier") from error


def _signer(value: ber.Value) -> SignerInfo:
    parts = ber.values_in(_sequence(value))
    try:
        version, named, digest, *rest = parts
        attributes = rest.pop(0) if rest[0].tag == 0xA0 else None
        algorithm, signature, *rest = rest
        issuer, serial = ber.values_in(named.content)[:2] if named.tag == 0x30 else (None, None)
    except (ValueError, IndexError):
        raise ber.NotBer("no SignerInfo") from None
    _check_version(version, SIGNER_VERSIONS)
    if signature.tag & ~ber.CONSTRUCTED != OCTET_STRING or named.tag & ~ber.CONSTRUCTED not in (0x10, 0x80):
        raise ber.NotBer("no SignerInfo")
    unsigned = next((each for each in rest if each.tag == 0xA1), None)
    return SignerInfo(
        issuer=issuer.raw if issuer else b"",
        serial=serial.raw if serial else b"",
        key_identifier=b"" if issuer else _octets(named),
        digest_algorithm=digest.raw,
        attributes=ber.retagged(attributes, ber.SET) if attributes else b"",
        signature_algorithm=algorithm.raw,
        signature=_octets(signature),
        unsigned=_attributes(unsigned.raw) if unsigned else {},
    )


def _check_version(value: ber.Value, known: tuple[int, ...]) -> None:
    if value.tag != INTEGER:
        raise ber.NotBer("no version")
    if int.from_bytes(value.content, "big") not in known:
        raise NotSignedData("an unknown version")


def _attributes(encoded: bytes) -> dict[str, list[bytes]]:
    attributes: dict[str, list[bytes]] = {}
    for attribute in ber.values_in(ber.first(encoded).content):
        kind, *values = ber.values_in(_sequence(attribute))
        if len(values) != 1 or values[0].tag != ber.SET:
            raise ber.NotBer("no attribute")
        attributes.setdefault(identifier(kind), []).extend(each.raw for each in ber.values_in(values[0].content))
    return attributes


def _sequence(value: ber.Value) -> bytes:
    if value.tag != SEQUENCE:
        raise ber.NotBer("no sequence")
    return value.content


def _octets(value: ber.Value) -> bytes:
    """The content of an octet string under any tag; an implicitly tagged one may be in pieces."""
    if value.tag & ber.CONSTRUCTED:
        return b"".join(each.content for each in ber.values_in(value.content))
    return value.content
