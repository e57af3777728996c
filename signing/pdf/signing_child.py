"""What runs in the sandbox: signing and verifying a PDF with pyHanko. Imports no Django.

Whatever a document makes a library raise is an answer here, `{"refused": code}`, not an exception.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import signal
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator.errors import PathError, ValidationError
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signing.pdf import machine, repair
from signing.pdf.field_judgement import judge_field
from signing.pdf.filled_fields import FilledField, TooManyFields
from signing.pdf.geometry import PageGeometry, stamp_rectangle, usual_width
from signing.pdf.one_pass import Hashed, OnePassSigner, opened_to_grow
from signing.pdf.own_page import make_own
from signing.pdf.pades import BASELINE, LEVELS, TOKEN_BYTES, LevelWanted, TimeStampFailed
from signing.pdf.page_boxes import geometry_of
from signing.pdf.stamp import Stamp, StampStyle
from signing.pdf.tagging import put_in_structure
from signing.pdf.trust import Trusted
from signing.pdf.values import entry
from signing.pdf.verifying_child import CHUNK, Answer, signatures_of, verify_file

logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)

SIGNATURE_BYTES = 512  # of RSA-4096, the longest
CMS_OVERHEAD = 2048  # the signature, attributes and structure around the certificates; readers are slow on zeros
# Whether others trust the certificate is theirs to say: it is the one that was to sign, and its chain may rest on
# SHA-1 or lack its root.
HOLDS = ("valid", "covers_whole_document")
ATTEMPT_SECONDS = 6.0  # of processor time, for one attempt to sign: damaged files can hold a reader for ever

Ask = Callable[[str], str]


class Refusal(Exception):
    """Signing is refused for a reason that has its own sentence."""


@dataclass(frozen=True, repr=False)  # long
class SigningJob:
    """All that the child needs. The private key is not among it (signing.pdf.keys)."""

    page: int  # from 1
    x: float
    y: float
    width: float
    certificate: bytes  # DER
    chain: tuple[bytes, ...]  # DER
    stamp: Stamp
    signer_name: str
    wanted: LevelWanted = BASELINE


class _AsksForSignature(signers.Signer):
    """Has the signature made by the parent, which holds the key."""

    def __init__(self, job: SigningJob, ask: Ask) -> None:
        self._ask = ask
        registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        registry.register_multiple([asn1_x509.Certificate.load(der) for der in job.chain])
        super().__init__(
            signing_cert=asn1_x509.Certificate.load(job.certificate), cert_registry=registry, embed_roots=True
        )

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if dry_run:
            return bytes(SIGNATURE_BYTES)
        return base64.b64decode(self._ask(base64.b64encode(data).decode("ascii")))


class _TakesTooLong(BaseException):
    """An attempt used up its processor time. No Exception: libraries swallow those."""


class _Update(IncrementalPdfFileWriter):
    """An incremental update that changes nothing it need not."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, strict=False)
        asked = entry(entry(self.prev.root, "/AcroForm"), "/NeedAppearances")
        self.viewers_draw_fields = isinstance(asked, generic.BooleanObject) and asked.value
        self.carries_signatures = False  # known once it is decrypted

    def _update_meta(self) -> None:
        """What the document says of itself stays: a signature does not change it. PDF/A wants XMP and document
        information to agree, and XMP that pyHanko writes anew is no longer what it was; the time is in the signature.
        """


class _DocumentsAsTheyWere(OnePassSigner):
    """A signed form looks as it was sent: pyHanko clears /NeedAppearances, and with it what some fields show.
    A tagged document stays tagged."""

    def register_extensions(self, pdf_out: Any, *, md_algorithm: str) -> None:
        """Called once the field is there."""
        super().register_extensions(pdf_out, md_algorithm=md_algorithm)
        if not isinstance(pdf_out, _Update):
            return
        form = pdf_out.root["/AcroForm"]
        if pdf_out.viewers_draw_fields:
            true = generic.BooleanObject(True)  # type: ignore[no-untyped-call]
            form[generic.pdf_name("/NeedAppearances")] = true
        if not pdf_out.carries_signatures:
            # Behind a signature, a changed structure counts as a changed document for most who verify it.
            put_in_structure(pdf_out, form["/Fields"].raw_get(-1))


def sign_file(path: str, job: SigningJob, *, ask: Ask) -> Answer:
    """Sign in place (incremental update); where that fails or strict readers refuse the result, repair the file
    first (signing.pdf.repair) and sign again.

    Answers `{"repaired", "signatures"}` or `{"refused"}`; a refused file is of no more use: the caller
    discards it.
    """
    uploaded = Path(path).stat().st_size
    try:
        answer = _try_to_sign(path, job, ask)
        if answer.get("strict"):
            return answer | {"repaired": False}
        os.truncate(path, uploaded)
        mended = _repair_and_sign(path, job, ask, only_strict="refused" not in answer)
        if mended is not None:
            return mended | {"repaired": True}
        if "refused" not in answer:
            return _try_to_sign(path, job, ask) | {"repaired": False}
        return answer
    except Refusal as refusal:
        os.truncate(path, uploaded)
        return {"refused": str(refusal)}
    except Exception as error:
        if not machine.is_to_blame(error):
            raise
        os.truncate(path, uploaded)
        return {"refused": "no_room"}


def _repair_and_sign(path: str, job: SigningJob, ask: Ask, *, only_strict: bool) -> Answer | None:
    """The answer of the first remedy whose result can be signed. `only_strict`: the file can be signed as it is, so
    a rewrite is only worth it where it makes strict readers content."""
    if repair.holds_a_sound_signature(path):
        if only_strict:
            return None
        raise Refusal("signed_and_damaged")
    for remedy in repair.REMEDIES[: 1 if only_strict else None]:
        target = str(Path(tempfile.gettempdir()) / remedy.__name__)
        try:
            if not repair.works(remedy, path, target, job.page):
                continue
            answer = _try_to_sign(target, job, ask)
            if answer.get("strict") or not (only_strict or "refused" in answer):
                repair.put_in_place(target, path, CHUNK)
                return answer
        finally:
            Path(target).unlink(missing_ok=True)
    return None


def _try_to_sign(path: str, job: SigningJob, ask: Ask) -> Answer:
    """`{"signatures", "strict"}` when the file is now signed and verified; `{"refused"}` otherwise."""
    try:
        with _within(ATTEMPT_SECONDS), opened_to_grow(path) as file:
            hashed = _sign(file, job, ask)
        for strict in (True, False):
            with _within(ATTEMPT_SECONDS):
                reports = verify_file(path, list(job.chain[-1:]), strict, hashed).get("signatures", [])
            if reports and _is_ours_and_holds(reports[-1], job):
                return {"signatures": reports, "strict": strict}
    except Refusal:
        raise
    except TimeStampFailed:
        raise Refusal("no_time_stamp") from None
    except (MemoryError, TooManyFields, _TakesTooLong):
        return {"refused": "too_complex"}
    except Exception as error:
        if machine.is_to_blame(error):
            raise
        if isinstance(error, SigningError) and isinstance(error.__cause__, ValidationError | PathError):
            raise Refusal("no_validation_material") from None  # of the signer's chain: no document's fault
        # pyHanko and what it stands on raise many kinds on damaged files (recursion, zlib, keys, types).
        return {"refused": "unreadable"}
    return {"refused": "unverified"}


def _is_ours_and_holds(report: Answer, job: SigningJob) -> bool:
    return (
        report["certificate"] == hashlib.sha256(job.certificate).hexdigest()
        and all(map(report.get, HOLDS))
        and LEVELS.index(report["level"]) >= LEVELS.index(job.wanted.level)
    )


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Raises _TakesTooLong in what runs longer. For Python code: a loop inside a C library is left to the limits of
    the sandbox."""

    def stop(_signal: int, _frame: Any) -> None:
        raise _TakesTooLong

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _sign(file: BinaryIO, job: SigningJob, ask: Ask) -> Hashed | None:
    writer = _Update(file)
    if writer.prev.encrypted:
        # An empty user password: every viewer opens it; the encryption is kept.
        writer.encrypt("")  # type: ignore[no-untyped-call]
    _heed_earlier_signatures(writer)
    if not writer.carries_signatures:
        make_own(writer, job.page - 1)
    geometry = _geometry_of(writer, job.page)
    # A stamp larger than usual would count as paint over what others signed (signing.pdf.changes).
    width = usual_width(geometry, job.width) if writer.carries_signatures else job.width
    box = stamp_rectangle(geometry, x=job.x, y=job.y, width=width)
    field = f"Signature {uuid.uuid4().hex[:12]}"  # a name that no field of the document has
    time_stamper = job.wanted.time_stamper()
    token = TOKEN_BYTES if time_stamper else 0
    reserved = 2 * (CMS_OVERHEAD + token + len(job.certificate) + sum(map(len, job.chain)))  # hexadecimal
    signer = _DocumentsAsTheyWere(
        signers.PdfSignatureMetadata(
            field_name=field,
            subfilter=SigSeedSubFilter.PADES,
            md_algorithm="sha256",
            name=job.signer_name,
            # Readers then say that it must not be changed; another practitioner may sign, and proofs may be added.
            certify=not writer.carries_signatures,
            docmdp_permissions=MDPPerm.FILL_FORMS,
            **job.wanted.metadata(job.chain),
        ),
        signer=_AsksForSignature(job, ask),
        timestamper=time_stamper,
        stamp_style=StampStyle(stamp=job.stamp, size=geometry.size_on_paper(box), rotation=geometry.rotation),
        new_field_spec=SigFieldSpec(
            field,
            on_page=job.page - 1,
            box=box,  # type: ignore[arg-type]  # any numbers will do
            readable_field_name=job.stamp.description,
        ),
    )
    signer.sign_pdf(writer, in_place=True, bytes_reserved=reserved + reserved % 2, chunk_size=CHUNK)
    return signer.hashed


def _heed_earlier_signatures(writer: _Update) -> None:
    earlier = signatures_of(writer.prev)
    # A document time-stamp counts: it, too, would not fit a document that was certified behind it.
    writer.carries_signatures = bool(earlier)
    for signature in earlier:
        if isinstance(signature, FilledField) and _forbids_changes(signature):
            raise Refusal("docmdp")


def _forbids_changes(signature: FilledField) -> bool:
    """One proven broken protects nothing."""
    try:
        level = signature.docmdp_level
    except (SignatureValidationError, ValueError, TypeError, KeyError):
        return False  # of no level that the standard has
    nobody = Trusted.of([], [])
    return level == MDPPerm.NO_CHANGES and judge_field(signature, [], nobody).judgement != "not_valid"


def _geometry_of(writer: IncrementalPdfFileWriter, page: int) -> PageGeometry:
    reference, _ = writer.find_page_for_modification(page - 1)  # type: ignore[no-untyped-call]
    return geometry_of(reference.get_object())
