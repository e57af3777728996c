"""Whether the file of a consent proves it: what was read, the seal, and the evidence in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from documents.models import Consent, Doubt
from signing.pdf.evidence import Evidence
from signing.pdf.examination import ExaminedSignature, Integrity, Known, examine

PRECISION = timedelta(seconds=1)  # an archive states milliseconds
UNCHANGED = {Integrity.WHOLE, Integrity.VALIDATED}  # nothing but proofs was added after the seal


@dataclass(frozen=True)
class SignedConsent:
    """What a row states of a signature that was given."""

    challenge: str
    signer: str
    signed_as: str
    means: str
    at: datetime | None
    read_sha256: str
    read_size: int
    sentences: tuple[str, ...]

    @classmethod
    def of(cls, consent: Consent) -> SignedConsent:
        return cls(
            challenge=str(consent.challenge),
            signer=consent.signer_name,
            signed_as=consent.settled_as,
            means=consent.means,
            at=consent.settled_at,
            read_sha256=consent.read_sha256,
            read_size=consent.read_size or 0,
            sentences=tuple(consent.sentences),
        )


def doubt_about(stated: SignedConsent, path: Path, known: Known) -> Doubt | None:
    """None if the file proves it, whichever installation sealed it. Raises signing.pdf.verify.CannotVerify."""
    if _digest_of_beginning(path, stated.read_size) != stated.read_sha256:
        return Doubt.FILE
    seal = next(iter(examine(path, known)[-1:]), None)
    if seal is None or not _holds(seal):
        return Doubt.SEAL
    if seal.claims is None or not _is_evidence_of(stated, seal.claims):
        return Doubt.EVIDENCE
    return None


def _holds(seal: ExaminedSignature) -> bool:
    return seal.valid and not seal.is_time_stamp and seal.integrity in UNCHANGED


def _is_evidence_of(stated: SignedConsent, evidence: Evidence) -> bool:
    return (
        evidence.challenge == stated.challenge
        and evidence.signer == stated.signer
        and evidence.capacity == stated.signed_as
        and evidence.means == stated.means
        and stated.at is not None
        and abs(evidence.moment - stated.at) < PRECISION
        and (evidence.read_sha256, evidence.read_size) == (stated.read_sha256, stated.read_size)
        and set(stated.sentences) <= set(evidence.sentences)
    )


def _digest_of_beginning(path: Path, size: int) -> str:
    digest, left = hashlib.sha256(), size
    with path.open("rb") as file:
        while left and (chunk := file.read(min(left, 1 << 20))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest() if not left else ""
