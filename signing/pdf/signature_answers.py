"""Parses what a child of the sandbox answers about a document's signatures into typed values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast, get_args

from files import answers
from files.answers import entry
from signing.pdf import evidence
from signing.pdf.field_facts import Judgement
from signing.pdf.pades import LEVELS
from signing.pdf.review import SEVERITY, Came
from signing.pdf.trust import TRUST_CODES, TrustCode
from signing.pdf.verifying_child import MAX_SIGNATURES

JUDGEMENTS: Final = get_args(Judgement)
SHA256: Final = re.compile(r"([0-9a-f]{64})?")
VERIFYING_REFUSALS: Final = ("password", "unreadable", "too_complex")
SIGNING_REFUSALS: Final = (
    *("password", "docmdp", "no_time_stamp", "no_validation_material", "signed_and_damaged", "too_complex"),
    *("no_room", "unreadable", "unverified"),
)


@dataclass(frozen=True)
class JudgedSignature:
    """One signature or document time-stamp, as signing.pdf.verifying_child judged it."""

    certificate: str  # SHA-256, in hexadecimal; empty if it can't be parsed
    signer: str
    number: str
    issuer: str
    signed_at: datetime | None
    timestamped_at: datetime | None
    time_trusted: bool
    root: str  # SHA-256, as above; empty if no root vouches for the certificate
    level: str  # of LEVELS, or empty
    judgement: Judgement
    trust: TrustCode
    came_after: Came
    is_time_stamp: bool
    named_root: str = ""  # SHA-256 of a root that has the issuer's name and did not issue the certificate
    evidence: str = ""  # JSON of a consent (signing.pdf.evidence), of a valid signature alone; not yet parsed

    @property
    def valid(self) -> bool:
        return self.judgement == "valid"

    @property
    def trusted(self) -> bool:
        return self.trust == "trusted"

    @property
    def covers_whole_document(self) -> bool:
        return self.came_after in ("nothing", "validation")


@dataclass(frozen=True)
class JudgedFile:
    """Each oldest first."""

    signatures: tuple[JudgedSignature, ...]
    time_stamps: tuple[JudgedSignature, ...]


@dataclass(frozen=True)
class SignedFile:
    """`signatures`: all in the file, ours last."""

    repaired: bool
    signatures: tuple[JudgedSignature, ...]


def judged_file(answer: object) -> JudgedFile | answers.Refusal:
    """Parse the answer of verifying_child.verify_file. Raises WrongForm."""
    if refusal := answers.refusal(answer, VERIFYING_REFUSALS):
        return refusal
    entries = answers.fields(answer)
    return JudgedFile(_listed(entries, "signatures"), _listed(entries, "time_stamps"))


def signed_file(answer: object) -> SignedFile | answers.Refusal:
    """Parse the answer of signing_child.sign_file. Raises WrongForm."""
    if refusal := answers.refusal(answer, SIGNING_REFUSALS):
        return refusal
    entries = answers.fields(answer)
    signatures = _listed(entries, "signatures")
    if not signatures:
        raise answers.WrongForm("signed without a signature")
    return SignedFile(answers.truth(entry(entries, "repaired")), signatures)


def _listed(entries: dict[str, object], key: str) -> tuple[JudgedSignature, ...]:
    return tuple(answers.sequence(entry(entries, key), _signature, most=MAX_SIGNATURES))


def _signature(answer: object) -> JudgedSignature:
    entries = answers.fields(answer)
    return JudgedSignature(
        certificate=_sha256(entry(entries, "certificate")),
        signer=answers.line(entry(entries, "signer")),
        number=answers.line(entry(entries, "number")),
        issuer=answers.line(entry(entries, "issuer")),
        signed_at=answers.moment(entry(entries, "signed_at")),
        timestamped_at=answers.moment(entry(entries, "timestamped_at")),
        time_trusted=answers.truth(entry(entries, "time_trusted")),
        root=_sha256(entry(entries, "root")),
        named_root=_sha256(entry(entries, "named_root")),
        level=answers.one_of(entry(entries, "level"), (*LEVELS, "")),
        judgement=cast("Judgement", answers.one_of(entry(entries, "judgement"), JUDGEMENTS)),
        trust=cast("TrustCode", answers.one_of(entry(entries, "trust"), TRUST_CODES)),
        came_after=cast("Came", answers.one_of(entry(entries, "came_after"), SEVERITY)),
        is_time_stamp=answers.truth(entry(entries, "is_time_stamp")),
        evidence=answers.text(entry(entries, "evidence"), longest=evidence.LONGEST),
    )


def _sha256(value: object) -> str:
    digest = answers.text(value)
    if not SHA256.fullmatch(digest):
        raise answers.WrongForm("digest")
    return digest
