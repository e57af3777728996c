"""What runs in the sandbox to judge the signatures of a PDF, with pyHanko: for what is kept beside a document, for
anybody who verifies one, and for what was signed a moment ago. Imports no Django.

Whatever a document makes a library raise is an answer here, `{"refused": code}`, not an exception.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.crypt import PdfKeyNotAvailableError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.general import byte_range_digest
from pyhanko.sign.validation import EmbeddedPdfSignature, SignatureCoverageLevel, validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor

from documents.signing import hex_strings, unsigned_parts
from documents.signing.one_pass import Hashed
from documents.signing.pades import level_of

hex_strings.use()
CHUNK = 1 << 20
MAX_SIGNATURES = 50  # no document of this field has more; each costs a hash of the whole file
MUST_HOLD = ("valid", "trusted", "covers_whole_document")  # of a signature just made
Answer = dict[str, Any]
UNJUDGED: Answer = {
    "certificate": "", "signer": "", "number": "", "issuer": "", "signed_at": None, "timestamped_at": None,
    "time_trusted": False, "root": "", "level": "", "valid": False, "trusted": False, "trust": "unknown",
    "came_after": "other", "covers_whole_document": False,
}  # fmt: skip


def verify_file(
    path: str,
    roots: list[bytes],
    strict: bool = False,
    hashed: Hashed | None = None,
    time_roots: Sequence[bytes] = (),
) -> Answer:
    """Each signature of the file, oldest first, judged against `roots` (DER), time-stamps against `time_roots`, too.
    `strict`: as a reader that takes no damage and no hybrid cross-references would. `hashed`: what this process
    hashed of the file a moment ago.

    Answers `{"signatures"}`, each with the keys of UNJUDGED, or `{"refused"}`: "password", "unreadable",
    "too_complex".
    """
    try:
        with open(path, "rb") as file:
            reader = opened(file, strict=strict)
            signatures = signatures_of(reader)
            if len(signatures) > MAX_SIGNATURES:
                return {"refused": "too_complex"}
            fields = {name for name, _value, _field in enumerate_sig_fields(reader, filled_status=True)}
            trusted = Trusted(_certificates(roots), _certificates([*roots, *time_roots]))
            return {"signatures": [_judged(signature, trusted, fields, hashed) for signature in signatures]}
    except MemoryError:
        raise
    except PdfKeyNotAvailableError:
        return {"refused": "password"}
    except Exception:
        return {"refused": "unreadable"}  # any kind, on damaged files


def opened(file: BinaryIO, *, strict: bool = False) -> PdfFileReader:
    """A reader of the file, decrypted where its user password is empty."""
    reader = PdfFileReader(file, strict=strict)
    if reader.encrypted:
        reader.decrypt("")
    return reader


def signatures_of(reader: PdfFileReader) -> list[EmbeddedPdfSignature | None]:
    """Each signature, oldest first; None for one that can't even be parsed, which must not hide the others."""
    found = sorted(_signatures(reader), key=lambda pair: pair[0])
    return [signature for _end, signature in found]


def _signatures(reader: PdfFileReader) -> Iterator[tuple[int, EmbeddedPdfSignature | None]]:
    for name, value, field in enumerate_sig_fields(reader, filled_status=True):
        try:
            if value.get_object().get("/Type", "/Sig") == "/DocTimeStamp":
                continue
            signature = EmbeddedPdfSignature(reader, field.get_object(), name)
            yield signature.signed_revision, signature
        except MemoryError:
            raise
        except Exception:
            yield -1, None


@dataclass(frozen=True)
class Trusted:
    """Roots that this installation knows: of those who sign, and of those and who tells the time."""

    signers: list[asn1_x509.Certificate]
    everybody: list[asn1_x509.Certificate]

    def validate(self, signature: EmbeddedPdfSignature, at: datetime | None = None) -> PdfSignatureStatus:
        """`at`: judge the signer's certificate as of then; what came after the signature is then not looked at."""
        return validate_pdf_signature(
            signature,
            signer_validation_context=ValidationContext(self.signers, allow_fetching=False, moment=at),
            ts_validation_context=ValidationContext(self.everybody, allow_fetching=False),
            skip_diff=at is not None,
        )


def _certificates(ders: Sequence[bytes]) -> list[asn1_x509.Certificate]:
    return [asn1_x509.Certificate.load(der) for der in ders]


def _judged(
    signature: EmbeddedPdfSignature | None, trusted: Trusted, fields: set[str], hashed: Hashed | None
) -> Answer:
    if signature is None:
        return UNJUDGED
    try:
        _digest(signature, hashed)
        report = _report(signature, trusted, fields)
        return report | {"valid": report["valid"] and unsigned_parts.are_whole(signature, trusted.signers)}
    except MemoryError:
        raise
    except Exception:
        return UNJUDGED


def _report(signature: EmbeddedPdfSignature, trusted: Trusted, fields: set[str]) -> Answer:
    status = trusted.validate(signature)
    certificate, stamp = status.signing_cert, status.timestamp_validity
    fits = stamp is not None and stamp.intact and stamp.valid
    stamped_at = stamp.timestamp if stamp is not None and fits else None
    time_trusted = bool(stamp is not None and fits and stamp.trusted)
    judged = status
    if time_trusted and _trust(status) == "expired":
        # Its time is proved: a certificate that has ended since had not ended then.
        judged = trusted.validate(signature, at=stamped_at)
    trust = _trust(judged)
    subject, issuer = certificate.subject, certificate.issuer
    came_after = _came_after(status, signature, fields)
    return {
        "certificate": certificate.sha256.hex(),
        "signer": str(subject.native.get("common_name", subject.human_friendly)),
        "number": str(subject.native.get("serial_number", "")),
        "issuer": str(issuer.native.get("common_name", issuer.human_friendly)),
        "signed_at": status.signer_reported_dt.isoformat() if status.signer_reported_dt else None,
        "timestamped_at": stamped_at.isoformat() if stamped_at else None,
        "time_trusted": time_trusted,
        "root": _root_of(judged),
        "level": level_of(signature, status, trusted.everybody),
        "valid": bool(status.intact and status.valid),
        "trusted": trust == "trusted",
        "trust": trust,
        "came_after": came_after,
        "covers_whole_document": came_after in ("nothing", "validation"),
    }


def _came_after(status: PdfSignatureStatus, signature: EmbeddedPdfSignature, signature_fields: set[str]) -> str:
    """ "nothing", "validation" (PAdES LT and LTA material), "signatures", "fields" (of a form), "other"."""
    if status.coverage == SignatureCoverageLevel.ENTIRE_FILE:
        return "nothing"
    start, _length, restart, rest = (int(number) for number in signature.byte_range)
    if start != 0 or status.coverage != SignatureCoverageLevel.ENTIRE_REVISION:
        return "other"
    result = status.diff_result
    if not isinstance(result, DiffResult) or not status.docmdp_ok:
        return "other"
    size = signature.reader.stream.seek(0, 2)
    if result.modification_level == ModificationLevel.NONE and restart + rest < size:
        return "other"  # bytes behind the end, that belong to no revision: no validation material is like that
    if result.modification_level in (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES):
        return "validation"
    if result.modification_level == ModificationLevel.FORM_FILLING:
        return "signatures" if result.changed_form_fields <= signature_fields else "fields"
    return "other"


def _trust(status: PdfSignatureStatus) -> str:
    """ "trusted", or why not: "unknown_issuer", "expired", "revoked", "unsuitable", "unknown"."""
    if status.trusted:
        return "trusted"
    problem = status.trust_problem_indic
    name = problem.standard_name if problem is not None else ""
    if "REVOKED" in name:
        return "revoked"
    if "EXPIRED" in name or "NOT_YET_VALID" in name or "OUT_OF_BOUNDS" in name:
        return "expired"
    if name in ("NO_CERTIFICATE_CHAIN_FOUND", "CERTIFICATE_CHAIN_GENERAL_FAILURE"):
        return "unknown_issuer"
    if name in ("CHAIN_CONSTRAINTS_FAILURE", "CRYPTO_CONSTRAINTS_FAILURE", "SIG_CONSTRAINTS_FAILURE"):
        return "unsuitable"
    return "unknown"


def _root_of(status: PdfSignatureStatus) -> str:
    """SHA-256 of the root that vouches for the signer; empty where none does."""
    anchor = status.validation_path.trust_anchor if status.trusted and status.validation_path else None
    return anchor.certificate.sha256.hex() if isinstance(anchor, CertTrustAnchor) else ""


def _digest(signature: EmbeddedPdfSignature, hashed: Hashed | None) -> None:
    """Hash what is signed in large pieces; pyHanko, left to itself, reads four kilobytes at a time."""
    algorithm = signature.external_md_algorithm
    hashlib.new(algorithm)  # an algorithm that is none ends here
    if hashed and (hashed.algorithm, hashed.byte_range) == (algorithm, tuple(map(int, signature.byte_range))):
        signature.external_digests[algorithm] = hashed.digest
        return
    _, digest = byte_range_digest(
        signature.reader.stream, byte_range=signature.byte_range, md_algorithm=algorithm, chunk_size=CHUNK
    )
    signature.external_digests[algorithm] = digest
