"""Examines the signatures of a PDF: who signed, what changed after, and why the signer is trusted or not."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from signing.pdf.evidence import Evidence, NoEvidence, evidence_in
from signing.pdf.field_facts import Judgement
from signing.pdf.signature_answers import JudgedSignature
from signing.pdf.verify import judged


class Integrity(StrEnum):
    """How the document changed since it was signed, best first."""

    WHOLE = "whole"  # nothing came after the signature
    VALIDATED = "validated"  # only what PAdES LT and LTA add: certificates, revocation, time stamps
    SIGNED_AGAIN = "signed_again"  # only further signatures
    FILLED_IN = "filled_in"  # fields of a form were filled in
    ALTERED = "altered"  # the signed bytes are unchanged, and something else was added behind them
    BROKEN = "broken"  # the signed bytes were changed, or the signature is not a signature
    NOT_JUDGED = "not_judged"  # an algorithm, an encoding or a change that this software does not know


CAME_AFTER = {
    "nothing": Integrity.WHOLE,
    "validation": Integrity.VALIDATED,
    "signatures": Integrity.SIGNED_AGAIN,
    "fields": Integrity.FILLED_IN,
    "other": Integrity.ALTERED,
    "not_judged": Integrity.NOT_JUDGED,
}

INTACT = {Integrity.WHOLE, Integrity.VALIDATED, Integrity.SIGNED_AGAIN}


class Trust(StrEnum):
    """Whether the signer is who the certificate says."""

    TRUSTED = "trusted"
    UNKNOWN_ISSUER = "unknown_issuer"
    EXPIRED = "expired"
    REVOKED = "revoked"
    UNSUITABLE = "unsuitable"
    NOT_ISSUED = "not_issued"  # the certificate names an authority of this installation, which did not issue it
    WEAK = "weak"  # the signature, or its chain, rests on an algorithm that is no longer safe (SHA-1)
    UNKNOWN = "unknown"


NO_PATH = {Trust.UNKNOWN, Trust.UNKNOWN_ISSUER}


@dataclass(frozen=True)
class Known:
    """The certificates that this installation trusts or has revoked. Certificates are DER."""

    own: Sequence[bytes]  # of its own authorities
    others: Sequence[bytes] = ()  # of authorities that it is configured to trust
    time: Sequence[bytes] = ()  # roots of time-stamp authorities
    # SHA-256 of one of its own certificates → revoked since
    revoked: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class ExaminedSignature:
    """One signature. `signed_at` is the time by the signer's clock, `timestamped_at` the time by a time authority. Of
    a document time-stamp, the signer is the time authority."""

    signer: str
    number: str  # the certificate's serialNumber attribute: RPPS of practitioners
    issuer: str
    signed_at: datetime | None
    timestamped_at: datetime | None
    level: str  # "B-B", "B-T", "B-LT", "B-LTA" (ETSI EN 319 142-1), or "" for another kind of signature
    covers_whole_document: bool  # nothing was added after it except validation data
    integrity: Integrity
    trust: Trust
    time_trusted: bool = False  # a time authority that is known here vouches for `timestamped_at`
    issued_here: bool = False  # the certificate, by this installation
    revoked_at: datetime | None = None  # of a certificate issued here
    judgement: Judgement = "valid"  # of the signed bytes and the signature, whatever came after
    is_time_stamp: bool = False
    consent: Evidence | None = None  # of a consent, if this installation sealed it, or verified it on arrival
    claims: Evidence | None = None  # what the file states of a consent, whoever sealed it; unchanged since
    sealed_elsewhere: bool = False  # `consent` came with a practice that moved here

    @property
    def valid(self) -> bool:
        """The signed bytes are unchanged and the signature is right; the signer may be unknown."""
        return self.judgement == "valid"

    @property
    def trusted(self) -> bool:
        return self.trust is Trust.TRUSTED

    @property
    def made_after_revocation(self) -> bool:
        """Judged by the proved time, else by the time in the signature, which nobody has a reason to postdate."""
        at = self.timestamped_at if self.time_trusted else self.signed_at
        return bool(self.revoked_at and at and at >= self.revoked_at)


def examine(path: Path, known: Known) -> list[ExaminedSignature]:
    """Each signature of the PDF, oldest first; then document time-stamps, if one of them is not valid or nothing else
    is signed. Otherwise the signatures' levels reflect them. Raises verify.CannotVerify."""
    file = judged(path, [*known.own, *known.others], known.time)
    stamps = [signature for signature in file.time_stamps if not file.signatures or not signature.valid]
    own = {hashlib.sha256(der).hexdigest() for der in known.own}
    return [
        _examined(signature, own, known.revoked.get(signature.certificate))
        for signature in (*file.signatures, *stamps)
    ]


def _examined(signature: JudgedSignature, own: set[str], revoked_at: datetime | None) -> ExaminedSignature:
    timestamped_at, time_trusted = signature.timestamped_at, signature.time_trusted
    trust = Trust(signature.trust)
    if signature.named_root in own and signature.judgement != "not_valid" and trust in NO_PATH:
        trust = Trust.NOT_ISSUED
    if revoked_at and not (timestamped_at and time_trusted and timestamped_at < revoked_at):
        # The time in a signature proves nothing: whoever holds the key can write any time.
        trust = Trust.REVOKED
    claims = _claims(signature)
    return ExaminedSignature(
        signer=signature.signer,
        number=signature.number,
        issuer=signature.issuer,
        signed_at=signature.signed_at,
        timestamped_at=timestamped_at,
        level=signature.level,
        covers_whole_document=signature.covers_whole_document,
        integrity=_integrity(signature),
        trust=trust,
        time_trusted=time_trusted,
        issued_here=signature.root in own,
        revoked_at=revoked_at,
        judgement=signature.judgement,
        is_time_stamp=signature.is_time_stamp,
        # Only keys of this installation's own certificates sign by this software alone: others could write anything.
        consent=claims if signature.root in own and trust is Trust.TRUSTED else None,
        claims=claims,
    )


def _claims(signature: JudgedSignature) -> Evidence | None:
    """None if the file changed afterwards: what is read is what it says now."""
    if _integrity(signature) not in INTACT:
        return None
    try:
        return evidence_in(signature.evidence)
    except NoEvidence:
        return None


def _integrity(signature: JudgedSignature) -> Integrity:
    """Proof outweighs the unknown: an altered document is altered, whoever signed it."""
    if signature.judgement == "not_valid":
        return Integrity.BROKEN
    came_after = CAME_AFTER[signature.came_after]
    if signature.judgement == "not_judged" and came_after is not Integrity.ALTERED:
        return Integrity.NOT_JUDGED
    return came_after
