"""Judges one filled signature field by itself, by its declared encoding (ISO 32000-2, 12.8.3). Imports no Django."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.dss import DocumentSecurityStore

from signing.pdf import ber, cms_judgement, unsigned_parts, x509_signatures
from signing.pdf.cms_judgement import NO_SIGNATURE, NOT_KNOWN, Judged, worst
from signing.pdf.cms_structure import MAX_CERTIFICATES
from signing.pdf.field_facts import Judgement
from signing.pdf.filled_fields import FilledField, SignedRanges
from signing.pdf.one_pass import Hashed
from signing.pdf.raw_signatures import Signed
from signing.pdf.trust import Trusted

DETACHED = ("adbe.pkcs7.detached", "ETSI.CAdES.detached", "PBAD.PAdES")
ENCAPSULATED = "adbe.pkcs7.sha1"
BARE = "adbe.x509.rsa_sha1"
TIME_STAMP = "ETSI.RFC3161"


@dataclass(frozen=True)
class JudgedField:
    """`others`: certificates that a path to a root may lead through; `stamped_at`: the time in a time-stamp over the
    signature, whose authority is known here if `time_trusted`; `stamper`: that authority's certificate."""

    judgement: Judgement
    certificate: asn1_x509.Certificate | None = None
    others: tuple[asn1_x509.Certificate, ...] = ()
    issuer: asn1_x509.Name | None = None
    signed_at: datetime | None = None
    stamped_at: datetime | None = None
    time_trusted: bool = False
    stamper: asn1_x509.Certificate | None = None
    weak: bool = False
    names_certificate: bool = False

    @property
    def is_valid(self) -> bool:
        return self.judgement == "valid"


def unreadable(judgement: Judgement) -> JudgedField:
    return JudgedField(judgement)


def judge_field(
    field: FilledField, elsewhere: Sequence[bytes], trusted: Trusted, hashed: Hashed | None = None
) -> JudgedField:
    """`elsewhere`: certificates of the document and of this installation, DER. `hashed`: the digest that this process
    just computed over the file, if any."""
    try:
        return _judged(field, elsewhere, trusted, SignedRanges(field.reader.stream, field.ranges, hashed))
    except MemoryError:
        raise
    except Exception:
        return unreadable("not_judged")  # a library can't read this kind: nothing is proved


def judgement_of(contents: bytes, document: Signed, sub_filter: str, certificates: Sequence[bytes] = ()) -> Judged:
    """Judge the value of /Contents by its encoding. `certificates`: those in the signature's dictionary."""
    if sub_filter in DETACHED or sub_filter == ENCAPSULATED:
        encapsulated = sub_filter == ENCAPSULATED
        return cms_judgement.judge(contents, document, encapsulated=encapsulated, elsewhere=certificates)
    if sub_filter == BARE:
        return x509_signatures.judge(contents, document, certificates)
    if sub_filter == TIME_STAMP:
        return cms_judgement.judge_time_stamp(contents, document, elsewhere=certificates).token
    try:
        ber.length_of(contents)
    except ber.NotBer:
        return NO_SIGNATURE  # whatever encoding it declares
    # The signer is reported if the contents happen to be a CMS.
    judged = cms_judgement.judge(contents, document, encapsulated=False, elsewhere=certificates)
    return dataclasses.replace(NOT_KNOWN, certificate=judged.certificate, others=judged.others, issuer=judged.issuer)


def _judged(field: FilledField, elsewhere: Sequence[bytes], trusted: Trusted, document: SignedRanges) -> JudgedField:
    contents = field.pkcs7_content
    certificates = field.certificates()
    if field.sub_filter != BARE:
        certificates = [*certificates, *elsewhere]
    value = judgement_of(contents, document, field.sub_filter, certificates)
    verdicts: list[Judgement] = [value.judgement, field.excludes_only_its_contents(), _padding(contents)]
    if value.judgement != "not_valid":
        verdicts.append(unsigned_parts.beside(value.signer, value.raw, trusted.ders))
    if _declares_another_kind(field):
        verdicts.append("not_judged")
    others = (*value.others, *filter(None, map(cms_judgement.loaded, elsewhere[:MAX_CERTIFICATES])))
    judged = JudgedField(
        judgement=worst(verdicts),
        certificate=value.certificate,
        others=others,
        issuer=value.issuer,
        signed_at=value.signed_at or _claimed_time(field),
        weak=value.weak,
        names_certificate=value.names_certificate,
    )
    if field.sub_filter == TIME_STAMP:
        at = cms_judgement.judge_time_stamp(contents, document, elsewhere=certificates).at
        return dataclasses.replace(judged, signed_at=at)
    return _timed(judged, value, elsewhere, trusted)


def _timed(judged: JudgedField, value: Judged, elsewhere: Sequence[bytes], trusted: Trusted) -> JudgedField:
    """Add the time from the first time-stamp whose authority is known here, else from the first valid one."""
    best: JudgedField | None = None
    for token in value.time_stamps:
        stamp = cms_judgement.judge_time_stamp(token, Signed(value.signature), elsewhere=elsewhere)
        signer, others = stamp.token.certificate, stamp.token.others
        whole = unsigned_parts.beside(stamp.token.signer, stamp.token.raw, trusted.ders)
        if worst([stamp.token.judgement, whole]) != "valid" or signer is None or stamp.at is None:
            continue
        is_trusted = trusted.time(signer, [*others, *judged.others]).is_trusted
        if best is None or (is_trusted and not best.time_trusted):
            best = dataclasses.replace(judged, stamped_at=stamp.at, time_trusted=is_trusted, stamper=signer)
    return best or judged


def _padding(contents: bytes) -> Judgement:
    """The unsigned space behind the signature must be empty."""
    try:
        return "valid" if unsigned_parts.padding_is_empty(contents) else "not_judged"
    except ber.NotBer:
        return "not_valid"


def _declares_another_kind(field: FilledField) -> bool:
    """Whether /Type declares a time-stamp and /SubFilter something else."""
    return field.is_time_stamp and field.sub_filter != TIME_STAMP


def _claimed_time(field: FilledField) -> datetime | None:
    """/M of the signature's dictionary."""
    try:
        return field.dictionary_time()
    except (ValueError, TypeError):
        return None


def certificates_in_store(reader: PdfFileReader) -> list[bytes]:
    """DER, from the document's security store (ETSI EN 319 142-1, 5.4.2.2); empty if it holds none that can
    be read."""
    try:
        store = DocumentSecurityStore.read_dss(reader)
        return [each.dump() for each, _number in zip(store.load_certs(), range(MAX_CERTIFICATES), strict=False)]
    except MemoryError:
        raise
    except Exception:
        return []
