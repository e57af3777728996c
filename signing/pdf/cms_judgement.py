"""Judges whether a CMS signature (RFC 5652) matches what it signs: "valid", "not_valid" or "not_judged".

"not_valid" needs proof: a digest or a signature that does not match, or bytes that are no signature at all.
"not_judged": an algorithm, an encoding or a part that this software does not know, or a missing certificate. A
mismatch outweighs the unknown. Imports no Django.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509

from signing.pdf import ber, raw_signatures
from signing.pdf.certificate_parts import comparable, parts_of
from signing.pdf.cms_structure import (
    DATA,
    TIME_STAMP_INFO,
    NotSignedData,
    SignedData,
    SignerInfo,
    identifier,
    signed_data,
)
from signing.pdf.field_facts import Judgement
from signing.pdf.raw_signatures import WEAK, WORTHLESS, NotKnown, Signed

CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"  # RFC 6211
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"  # RFC 2634, 5.4
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"  # RFC 5035, 3
SIGNATURE_TIME_STAMP = "1.2.840.113549.1.9.16.2.14"  # RFC 3161, appendix A
MAX_TIME_STAMPS = 4


@dataclass(frozen=True)
class Judged:
    """One signature. `certificate` and `others`: those of the file that can be parsed; `raw`: all of them, DER;
    `signer`: the signer's; `weak`: the signature relies on SHA-1."""

    judgement: Judgement
    signer: bytes = b""
    raw: tuple[bytes, ...] = ()
    certificate: asn1_x509.Certificate | None = None
    others: tuple[asn1_x509.Certificate, ...] = ()
    issuer: asn1_x509.Name | None = None  # of the signer's certificate, if that is missing
    signed_at: datetime | None = None
    weak: bool = False
    names_certificate: bool = False  # by its digest, as PAdES asks
    signature: bytes = b""
    time_stamps: tuple[bytes, ...] = ()  # tokens over `signature`

    def judged(self, judgement: Judgement, *, weak: bool = False) -> Judged:
        return dataclasses.replace(self, judgement=judgement, weak=weak or self.weak)


@dataclass(frozen=True)
class JudgedTime:
    """A time-stamp (RFC 3161). `at`: the time in it, trusted or not."""

    token: Judged
    at: datetime | None = None


NO_SIGNATURE = Judged("not_valid")
NOT_KNOWN = Judged("not_judged")


def worst(judgements: Sequence[Judgement]) -> Judgement:
    """ "not_valid" outweighs "not_judged", which outweighs "valid"."""
    if "not_valid" in judgements:
        return "not_valid"
    return "not_judged" if "not_judged" in judgements else "valid"


def judge(contents: bytes, document: Signed, *, encapsulated: bool, elsewhere: Sequence[bytes] = ()) -> Judged:
    """`contents`: with its padding. `document`: what is signed; where `encapsulated`, by its SHA-1 digest within the
    CMS (adbe.pkcs7.sha1). `elsewhere`: certificates of the document and of this installation, DER."""
    try:
        data = signed_data(contents)
    except NotSignedData:
        return NOT_KNOWN
    except ber.NotBer:
        return NO_SIGNATURE
    if data.content_type != DATA:
        return NOT_KNOWN
    verdicts: list[Judgement] = []
    signed = document
    if encapsulated:
        verdicts.append(_is_digest(data.content or b"", document))
        signed = Signed(data.content or b"")
    return _judged(data, signed, [*data.certificates, *elsewhere], verdicts)


def judge_time_stamp(token: bytes, stamped: Signed, *, elsewhere: Sequence[bytes] = ()) -> JudgedTime:
    """A time-stamp over `stamped`."""
    try:
        token_data = signed_data(token)
    except NotSignedData:
        return JudgedTime(NOT_KNOWN)
    except ber.NotBer:
        return JudgedTime(NO_SIGNATURE)
    if token_data.content_type != TIME_STAMP_INFO or token_data.content is None:
        return JudgedTime(NO_SIGNATURE)
    try:
        info = tsp.TSTInfo.load(ber.definite(token_data.content))
        imprint, at = info["message_imprint"], info["gen_time"].native
        fitting: Judgement = compared(imprint["hash_algorithm"].dump(), imprint["hashed_message"].native, stamped)
    except (ValueError, TypeError, KeyError):
        return JudgedTime(NO_SIGNATURE)
    return JudgedTime(
        _judged(token_data, Signed(token_data.content), [*token_data.certificates, *elsewhere], [fitting]), at
    )


def _is_digest(content: bytes, document: Signed) -> Judgement:
    names = {20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}
    if len(content) not in names:
        return "not_valid"
    return "valid" if document.digest(names[len(content)]) == content else "not_valid"


def compared(algorithm: bytes, digest: bytes, signed: Signed) -> Judgement:
    """A digest by this algorithm (DER) with what is signed.

    A fit by MD5 says nothing: anybody can make two documents of one digest.
    """
    try:
        name = raw_signatures.digest_named(algorithm)
        if signed.digest(name) != digest:
            return "not_valid"
    except NotKnown:
        return "not_judged"
    return "not_judged" if name in WORTHLESS else "valid"


def _judged(data: SignedData, signed: Signed, certificates: Sequence[bytes], verdicts: list[Judgement]) -> Judged:
    """All signers must match; the result describes the first one (ISO 32000-2, 12.8.3.3.1, has but one)."""
    if not data.signers:
        return NO_SIGNATURE  # certificates alone
    each = [_judged_signer(signer, data, signed, certificates) for signer in data.signers]
    first = each[0]
    return dataclasses.replace(
        first,
        judgement=worst([*verdicts, *(judged.judgement for judged in each)]),
        raw=data.certificates,
        others=tuple(filter(None, map(loaded, data.certificates))),
        weak=any(judged.weak for judged in each),
    )


def _judged_signer(signer: SignerInfo, data: SignedData, signed: Signed, certificates: Sequence[bytes]) -> Judged:
    try:
        attributes = signer.signed_values()
    except ber.NotBer:
        return NO_SIGNATURE
    verdicts = _attributes_fit(signer, attributes, data.content_type, signed) if signer.attributes else []
    issuers = [der for der in certificates if _is_named(der, signer)]
    der = issuers[0] if issuers else b""
    digest = _digest_name(signer.digest_algorithm)
    if not issuers:
        verdicts.append("not_judged")  # its certificate is nowhere
    else:
        by_each = {each: _fits(signer, each, digest, signed) for each in issuers}
        der = next((each for each, fit in by_each.items() if fit == "valid"), der)
        verdicts += [by_each[der], _certificate_is_named(attributes, der)]
    if not _is_announced(signer, data):
        verdicts.append("not_judged")
    used = {digest, _signature_digest(signer, digest)}
    if used & WORTHLESS:
        verdicts.append("not_judged")
    return Judged(
        judgement=worst(verdicts),
        signer=der,
        certificate=loaded(der) if der else None,
        issuer=None if der else _name(signer.issuer),
        signed_at=_signing_time(attributes),
        weak=bool(used & WEAK),
        names_certificate=bool({SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2} & set(attributes)),
        signature=signer.signature,
        time_stamps=tuple(signer.unsigned.get(SIGNATURE_TIME_STAMP, ())[:MAX_TIME_STAMPS]),
    )


def _attributes_fit(
    signer: SignerInfo, attributes: dict[str, list[bytes]], content_type: str, signed: Signed
) -> list[Judgement]:
    """RFC 5652, 11.1 and 11.2. Without a digest nothing binds the signature to the document."""
    digests = attributes.get(MESSAGE_DIGEST, [])
    if len(digests) != 1:
        return ["not_valid"]
    verdicts = [compared(signer.digest_algorithm, ber.first(digests[0]).content, signed)]
    types = attributes.get(CONTENT_TYPE, [])
    if len(types) != 1:
        verdicts.append("not_judged")  # this attribute is required; readers disagree about signatures without it
    elif identifier(ber.first(types[0])) != content_type:
        verdicts.append("not_valid")
    for protection in attributes.get(ALGORITHM_PROTECTION, []):
        verdicts.append(_is_protected(protection, signer))
    return verdicts


def _is_protected(protection: bytes, signer: SignerInfo) -> Judgement:
    """The algorithms are those that were signed (RFC 6211, 3)."""
    try:
        digest, *others = ber.values_in(ber.first(protection).content)
        named = [raw_signatures.object_identifier(ber.retagged(each, 0x30)) for each in (digest, *others[:1])]
        used = [
            raw_signatures.object_identifier(each) for each in (signer.digest_algorithm, signer.signature_algorithm)
        ]
    except (ValueError, NotKnown):
        return "not_judged"
    return "valid" if named == used else "not_valid"


def _fits(signer: SignerInfo, certificate: bytes, digest: str, signed: Signed) -> Judgement:
    """Verify the signature over the attributes as they are in the file, else over their DER (RFC 5652, 5.4), because
    some signers write them in another encoding than they sign. Without attributes, verify it over the content
    itself.

    A signature may match by the message's digest and not by the digest that its algorithm names. Some readers accept
    that and some do not: the answer is "not_judged".
    """
    try:
        key = parts_of(certificate).key
        contents = [signed]
        if signer.attributes:
            contents = [Signed(signer.attributes), Signed(ber.canonical(signer.attributes))]
        algorithm = signer.signature_algorithm
        named = raw_signatures.digest_of(algorithm, digest)
        for name in dict.fromkeys([named, digest]):
            if any(
                raw_signatures.fits(
                    signature=signer.signature, signed=content, key=key, algorithm=algorithm, digest=name
                )
                for content in contents
            ):
                return "valid" if name == named else "not_judged"
    except (NotKnown, ber.NotBer):
        return "not_judged"
    return "not_valid"


def _is_announced(signer: SignerInfo, data: SignedData) -> bool:
    """The digest is in the list at the head of the CMS (RFC 5652, 5.1). Readers disagree about signatures where it is
    not."""
    used = _digest_name(signer.digest_algorithm)
    return bool(used) and used in map(_digest_name, data.digests)


def _digest_name(algorithm: bytes) -> str:
    """The digest's name in hashlib; empty for an unknown one."""
    try:
        return raw_signatures.digest_named(algorithm)
    except NotKnown:
        return ""


def _signature_digest(signer: SignerInfo, digest: str) -> str:
    try:
        return raw_signatures.digest_of(signer.signature_algorithm, digest)
    except NotKnown:
        return digest


def _is_named(certificate: bytes, signer: SignerInfo) -> bool:
    """Issuer and serial number, or the key's identifier (RFC 5652, 5.3)."""
    try:
        parts = parts_of(certificate)
    except ber.NotBer:
        return False
    if not signer.issuer:
        return signer.key_identifier in (parts.key_identifier, parts.key_digest)
    return parts.serial == signer.serial and comparable(parts.issuer) == comparable(signer.issuer)


def _certificate_is_named(attributes: dict[str, list[bytes]], certificate: bytes) -> Judgement:
    """The certificate is the one that the signer named by its digest. The signature alone would match any certificate
    of the same key."""
    try:
        for value in attributes.get(SIGNING_CERTIFICATE_V2, []):
            named = tsp.SigningCertificateV2.load(value)["certs"][0]
            name = raw_signatures.digest_named(named["hash_algorithm"].dump())
            return _same(raw_signatures.digested(name, certificate), named["cert_hash"].native)
        for value in attributes.get(SIGNING_CERTIFICATE, []):
            named = tsp.SigningCertificate.load(value)["certs"][0]
            return _same(hashlib.sha1(certificate, usedforsecurity=False).digest(), named["cert_hash"].native)
    except (ValueError, TypeError, KeyError, IndexError, NotKnown):
        return "not_judged"
    return "valid"


def _same(left: bytes, right: bytes) -> Judgement:
    return "valid" if left == right else "not_valid"


def loaded(der: bytes) -> asn1_x509.Certificate | None:
    """The certificate as parsed by the library; None if it can't be parsed."""
    try:
        certificate = asn1_x509.Certificate.load(der)
        certificate.subject, certificate.issuer, certificate.serial_number  # noqa: B018  # parsed as they are asked for
    except (ValueError, TypeError, KeyError):
        return None
    return certificate


def _name(der: bytes) -> asn1_x509.Name | None:
    try:
        name = asn1_x509.Name.load(der) if der else None
        if name is not None:
            name.native  # noqa: B018
    except (ValueError, TypeError, KeyError):
        return None
    return name


def _signing_time(attributes: dict[str, list[bytes]]) -> datetime | None:
    try:
        claimed = cms.Time.load(attributes[SIGNING_TIME][0]).native
    except (ValueError, TypeError, KeyError, IndexError):
        return None
    return claimed if isinstance(claimed, datetime) else None
