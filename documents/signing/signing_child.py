"""What runs in the sandbox: signing and verifying a PDF with pyHanko. Imports no Django.

Whatever a document makes a library raise is an answer here, `{"refused": code}`, not an exception.
"""

from __future__ import annotations

import hashlib
import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pikepdf
import pypdfium2 as pdfium
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt import PdfKeyNotAvailableError
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import byte_range_digest
from pyhanko.sign.validation import EmbeddedPdfSignature, SignatureCoverageLevel, validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from documents.signing.geometry import PageGeometry, page_geometry, stamp_rectangle
from documents.signing.stamp import StampDrawing, stamp_style

logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
logging.getLogger("fontTools").setLevel(logging.CRITICAL)

SIGNATURE_BYTES = 80  # more than a DER-encoded P-256 signature
CMS_OVERHEAD = 4096  # attributes and structure around the certificates
CHUNK = 1 << 20
MUST_HOLD = ("valid", "trusted", "covers_whole_document")  # of a signature just made
MAX_PARENTS = 200  # of a page tree; deeper is a loop
Answer = dict[str, Any]


class Refusal(Exception):
    """Signing is refused for a reason that has its own sentence."""


@dataclass(frozen=True, repr=False)  # a key must not end up in a log
class SigningJob:
    """All that the child needs, in the clear."""

    page: int  # from 1
    x: float
    y: float
    width: float
    certificate: bytes  # DER
    private_key: bytes  # PKCS#8, DER
    chain: tuple[bytes, ...]  # DER
    lines: tuple[str, ...]
    image_png: bytes | None
    font: bytes  # TrueType
    signer_name: str
    may_repair: bool  # a rewrite would break the signatures that the file came with


class _KeySigner(signers.Signer):
    """Signs with a key loaded once by `cryptography` (pyHanko's own signer parses it at every signature)."""

    def __init__(self, job: SigningJob) -> None:
        key = serialization.load_der_private_key(job.private_key, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise Refusal("key")
        self._key = key
        registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        registry.register_multiple([asn1_x509.Certificate.load(der) for der in job.chain])
        super().__init__(
            signing_cert=asn1_x509.Certificate.load(job.certificate), cert_registry=registry, embed_roots=True
        )

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if dry_run:
            return bytes(SIGNATURE_BYTES)
        digest = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384()}[digest_algorithm]
        return self._key.sign(data, ec.ECDSA(digest))


def sign_file(path: str, job: SigningJob) -> Answer:
    """Sign in place (incremental update); where that fails, repair the file first and sign again.

    Answers `{"size", "repaired", "signatures"}` or `{"refused"}`; a refused file is of no more use: the caller
    discards it.
    """
    uploaded = Path(path).stat().st_size
    try:
        answer = _try_to_sign(path, job)
        if "refused" not in answer:
            return answer | {"repaired": False}
        os.truncate(path, uploaded)
        if not job.may_repair or not _repair(path):
            return answer
        answer = _try_to_sign(path, job)
        return answer if "refused" in answer else answer | {"repaired": True}
    except Refusal as refusal:
        os.truncate(path, uploaded)
        return {"refused": str(refusal)}


def _try_to_sign(path: str, job: SigningJob) -> Answer:
    """`{"size", "signatures"}` when the file is now signed and verified; `{"refused"}` otherwise."""
    try:
        with open(path, "rb+") as file:
            _sign(file, job)
    except (Refusal, MemoryError):
        raise
    except PdfKeyNotAvailableError:
        raise Refusal("password") from None
    except Exception:
        # pyHanko and what it stands on raise many kinds on damaged files (recursion, zlib, keys, types).
        return {"refused": "unreadable"}
    reports = verify_file(path, list(job.chain[-1:])).get("signatures", [])
    ours = hashlib.sha256(job.certificate).hexdigest()
    if not reports or reports[-1]["certificate"] != ours or not all(reports[-1][fact] for fact in MUST_HOLD):
        return {"refused": "unverified"}
    return {"size": Path(path).stat().st_size, "signatures": reports}


def _sign(file: BinaryIO, job: SigningJob) -> None:
    writer = IncrementalPdfFileWriter(file, strict=False)
    if writer.prev.encrypted:
        # An empty user password: every viewer opens it; the encryption is kept.
        writer.encrypt("")  # type: ignore[no-untyped-call]
    _refuse_what_forbids_us(writer.prev)
    geometry = _geometry_of(writer, job.page)
    box = stamp_rectangle(geometry, x=job.x, y=job.y, width=job.width)
    drawing = StampDrawing(
        box=box, rotation=geometry.rotation, lines=list(job.lines), image_png=job.image_png, font=job.font
    )
    field = f"Signature {uuid.uuid4().hex[:12]}"  # a name that no field of the document has
    reserved = 2 * (CMS_OVERHEAD + len(job.certificate) + sum(map(len, job.chain)))  # hexadecimal
    signers.PdfSigner(
        signers.PdfSignatureMetadata(
            field_name=field,
            subfilter=SigSeedSubFilter.PADES,
            md_algorithm="sha256",
            name=job.signer_name,
        ),
        signer=_KeySigner(job),
        stamp_style=stamp_style(drawing),
        new_field_spec=SigFieldSpec(
            field,
            on_page=job.page - 1,
            box=box,  # type: ignore[arg-type]  # any numbers will do
            readable_field_name=f"Signature électronique de {job.signer_name}",
        ),
    ).sign_pdf(writer, in_place=True, bytes_reserved=reserved + reserved % 2, chunk_size=CHUNK)


def _refuse_what_forbids_us(reader: PdfFileReader) -> None:
    for signature in reader.embedded_signatures:
        if signature.docmdp_level == MDPPerm.NO_CHANGES:
            raise Refusal("docmdp")


def _geometry_of(writer: IncrementalPdfFileWriter, page: int) -> PageGeometry:
    reference, _ = writer.find_page_for_modification(page - 1)  # type: ignore[no-untyped-call]
    node = reference.get_object()
    return page_geometry(
        _numbers(_inherited(node, "/MediaBox")),
        _numbers(_inherited(node, "/CropBox")),
        _resolved(_inherited(node, "/Rotate")),
    )


def _inherited(page: Any, key: str) -> Any:
    """The page's entry, or its nearest ancestor's."""
    node = page
    for _ in range(MAX_PARENTS):
        if not isinstance(node, generic.DictionaryObject):
            return None
        value = _resolved(node.get(key))
        if value is not None and not isinstance(value, generic.NullObject):
            return value
        node = _resolved(node.get("/Parent"))
    return None


def _numbers(value: Any) -> list[object] | None:
    if not isinstance(value, generic.ArrayObject):
        return None
    return [_resolved(item) for item in value]


def _resolved(value: Any) -> Any:
    """What an indirect reference points at; anything else as it is."""
    if not isinstance(value, generic.IndirectObject):
        return value
    return value.get_object()  # type: ignore[no-untyped-call]


def _repair(path: str) -> bool:
    """Rewrite the file (qpdf), where that keeps every page. False: left alone."""
    repaired = f"{path}.repaired"
    try:
        with pikepdf.open(path) as pdf:
            if pdf.is_encrypted:
                return False  # a rewrite would drop the encryption
            pdf.save(repaired)
        with _pages(path) as before, _pages(repaired) as after:
            if before != after:
                return False
        with open(repaired, "rb") as source, open(path, "rb+") as target:
            target.truncate(0)
            while chunk := source.read(CHUNK):
                target.write(chunk)
        return True
    except (pikepdf.PdfError, pdfium.PdfiumError, OSError, RuntimeError, ValueError, TypeError):
        return False  # beyond repair
    finally:
        Path(repaired).unlink(missing_ok=True)


@contextmanager
def _pages(path: str) -> Iterator[int]:
    document = pdfium.PdfDocument(path)
    try:
        yield len(document)
    finally:
        document.close()


def _open(file: BinaryIO) -> PdfFileReader:
    reader = PdfFileReader(file, strict=False)
    if reader.encrypted:
        reader.decrypt("")
    return reader


def verify_file(path: str, roots: list[bytes]) -> Answer:
    """Each signature of the file, oldest first, judged against `roots` (DER)."""
    try:
        with open(path, "rb") as file:
            reader = _open(file)
            signatures = list(reader.embedded_regular_signatures)
            reports = [_report(signature, roots) for signature in signatures]
    except MemoryError:
        raise
    except PdfKeyNotAvailableError:
        return {"refused": "password"}
    except Exception:
        return {"refused": "unreadable"}  # as above: any kind, on damaged files
    return {"signatures": reports}


def _report(signature: EmbeddedPdfSignature, roots: list[bytes]) -> Answer:
    trust = ValidationContext(trust_roots=[asn1_x509.Certificate.load(der) for der in roots], allow_fetching=False)
    try:
        _digest(signature)
        status: PdfSignatureStatus = validate_pdf_signature(signature, signer_validation_context=trust)
    except MemoryError:
        raise
    except Exception:
        return {"certificate": "", "signer": "", "signed_at": None} | dict.fromkeys(MUST_HOLD, False)
    signed_at = status.signer_reported_dt
    return {
        "certificate": status.signing_cert.sha256.hex(),
        "signer": status.signing_cert.subject.native.get("common_name", status.signing_cert.subject.human_friendly),
        "signed_at": signed_at.isoformat() if signed_at else None,
        "valid": bool(status.intact and status.valid),
        "trusted": bool(status.trusted),
        "covers_whole_document": status.coverage == SignatureCoverageLevel.ENTIRE_FILE,
    }


def _digest(signature: EmbeddedPdfSignature) -> None:
    """Hash what is signed in large pieces; pyHanko, left to itself, reads four kilobytes at a time."""
    algorithm = signature.external_md_algorithm
    _, digest = byte_range_digest(
        signature.reader.stream, byte_range=signature.byte_range, md_algorithm=algorithm, chunk_size=CHUNK
    )
    signature.external_digests[algorithm] = digest
