"""Signs a PDF with pyHanko, in the sandbox. Imports no Django.

Whatever exception a document causes in a library becomes an answer, `{"refused": code}`.
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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator.errors import PathError, ValidationError
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signing.pdf import machine_faults, repair
from signing.pdf.cms_layout import DIGEST, CmsLayout
from signing.pdf.evidence import KEY as EVIDENCE_KEY
from signing.pdf.field_judgement import judge_field
from signing.pdf.filled_fields import FilledField, TooManyFields
from signing.pdf.geometry import Box, PageGeometry, stamp_rectangle, usable_box, usual_width
from signing.pdf.one_pass import Hashed, OnePassSigner, opened_to_grow
from signing.pdf.own_page import make_own
from signing.pdf.pades import BASELINE, LEVELS, TOKEN_BYTES, LevelWanted, TimeStampFailed
from signing.pdf.page_boxes import geometry_of
from signing.pdf.stamp import Stamp, StampStyle
from signing.pdf.tagging import put_in_structure
from signing.pdf.trust import Trusted
from signing.pdf.values import entry, floats, items, resolved
from signing.pdf.verifying_child import CHUNK, Answer, signatures_of, verify_file

logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)

# the signature, attributes and structure around the certificates; kept small, because readers are slow on zeros
CMS_OVERHEAD = 2048
# Whether the certificate is trusted is left to verifiers. It is the one chosen to sign; its chain may rely on SHA-1
# or lack its root.
HOLDS = ("valid", "covers_whole_document")
ATTEMPT_SECONDS = 6.0  # of processor time, for one attempt to sign: damaged files can keep a reader busy for ever

Ask = Callable[[str], str]


class Refusal(Exception):
    """Signing is refused, for a reason that has a sentence of its own."""


@dataclass(frozen=True, repr=False)  # long
class SigningJob:
    """All that the child needs; the private key is not included (signing.pdf.keys)."""

    page: int  # from 1
    x: float
    y: float
    width: float
    certificate: bytes  # DER
    chain: tuple[bytes, ...]  # DER
    layout: CmsLayout  # of the certificate and its chain
    stamp: Stamp
    signer_name: str
    wanted: LevelWanted = BASELINE
    reason: str = ""  # of the signature (ISO 32000-2, table 255, /Reason)
    evidence: str = ""  # JSON (signing.pdf.evidence), in the signature's dictionary
    may_repair: bool = True  # False: the file's bytes were read by somebody, and stay as they are
    other_places: tuple[tuple[float, float], ...] = ()  # for the stamp, if another signature is shown at (x, y)


class _AsksForSignature(signers.Signer):
    """A signer that asks the parent process, which holds the key, for the signature."""

    def __init__(self, job: SigningJob, ask: Ask) -> None:
        self._ask, self._layout = ask, job.layout
        registry = SimpleCertificateStore()
        registry.register_multiple([asn1_x509.Certificate.load(der) for der in job.chain])
        super().__init__(
            signing_cert=asn1_x509.Certificate.load(job.certificate), cert_registry=registry, embed_roots=True
        )

    async def async_sign(self, data_digest: bytes, digest_algorithm: str, *_: Any, **parameters: Any) -> Any:
        """The CMS in DER: pyHanko's own steps for PAdES, without encoding again what is the same each time."""
        if digest_algorithm != DIGEST or not parameters["use_pades"]:
            raise SigningError("laid out for another kind of signature")
        attributes = self._layout.signed_attributes(data_digest)
        signature = base64.b64decode(self._ask(base64.b64encode(attributes).decode("ascii")))
        unsigned = await self.unsigned_attrs(
            digest_algorithm,
            signature,
            signed_attrs=cms.CMSAttributes.load(attributes),
            timestamper=parameters["timestamper"],
        )
        return self._layout.completed(data_digest, signature, unsigned.dump() if unsigned else b"")


class _TakesTooLong(BaseException):
    """An attempt used up its processor time. Not an Exception, because libraries swallow those."""


class _Update(IncrementalPdfFileWriter):
    """An incremental update that changes only what it must."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, strict=False)
        need_appearances = entry(entry(self.prev.root, "/AcroForm"), "/NeedAppearances")
        self.viewers_draw_fields = isinstance(need_appearances, generic.BooleanObject) and need_appearances.value
        self.carries_signatures = False  # known once it is decrypted

    def _update_meta(self) -> None:
        """Do nothing, so that the document's metadata stay as they are. PDF/A requires XMP and document information
        to agree, and pyHanko would rewrite the XMP; the time is in the signature."""


class _PreservingSigner(OnePassSigner):
    """Keeps a form's appearance and a document's tags: pyHanko clears /NeedAppearances, and some fields then show
    nothing. Adds the `evidence` to the signature's dictionary."""

    evidence = ""

    def complete_dictionary(self, dictionary: Any) -> None:
        if self.evidence:
            dictionary[generic.pdf_name(EVIDENCE_KEY)] = generic.pdf_string(self.evidence)

    def register_extensions(self, pdf_out: Any, *, md_algorithm: str) -> None:
        """Called once the field is there."""
        super().register_extensions(pdf_out, md_algorithm=md_algorithm)
        if not isinstance(pdf_out, _Update):
            return
        form = pdf_out.root["/AcroForm"]
        if pdf_out.viewers_draw_fields:
            true = generic.BooleanObject(True)
            form[generic.pdf_name("/NeedAppearances")] = true
        if not pdf_out.carries_signatures:
            # After an earlier signature, most verifiers take a changed structure for a changed document.
            put_in_structure(pdf_out, form["/Fields"].raw_get(-1))


def sign_file(path: str, job: SigningJob, *, ask: Ask) -> Answer:
    """Sign in place (incremental update). If that fails or strict readers refuse the result, repair the file first
    (signing.pdf.repair) and sign again.

    Answers `{"repaired", "signatures"}` or `{"refused"}`; the caller must remove a refused file.
    """
    uploaded = Path(path).stat().st_size
    try:
        answer = _try_to_sign(path, job, ask)
        if answer.get("strict") or ("refused" not in answer and not job.may_repair):
            return answer | {"repaired": False}
        os.truncate(path, uploaded)
        if not job.may_repair:
            return answer
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
        if not machine_faults.is_machine_fault(error):
            raise
        os.truncate(path, uploaded)
        return {"refused": "no_room"}


def sign_files(paths: list[str], jobs: list[SigningJob], *, ask: Ask) -> Answer:
    """Sign one file after another, repairing none. Answers `{"files"}`: for each the answer of sign_file, or
    `{"refused"}` if strict readers refuse the result, which is then removed."""
    return {"files": [_signed_strictly(path, job, ask) for path, job in zip(paths, jobs, strict=True)]}


def _signed_strictly(path: str, job: SigningJob, ask: Ask) -> Answer:
    uploaded = Path(path).stat().st_size
    answer = sign_file(path, replace(job, may_repair=False), ask=ask)
    if "refused" in answer or answer["strict"]:
        return answer
    os.truncate(path, uploaded)
    return {"refused": "unverified"}


def _repair_and_sign(path: str, job: SigningJob, ask: Ask, *, only_strict: bool) -> Answer | None:
    """The answer of the first remedy whose result can be signed. `only_strict`: the file can be signed as it is, so a
    rewrite is only used if strict readers then accept it."""
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
        if machine_faults.is_machine_fault(error):
            raise
        if isinstance(error, SigningError) and isinstance(error.__cause__, ValidationError | PathError):
            raise Refusal("no_validation_material") from None  # of the signer's chain: not the document's fault
        # pyHanko and its dependencies raise many kinds of exception on damaged files (recursion, zlib, keys, types).
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
    """Raise _TakesTooLong in code that runs longer. Stops Python code only; the sandbox's limits stop a loop in a C
    library."""

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
        # With an empty user password every viewer opens the file; the encryption stays.
        IncrementalPdfFileWriter.encrypt(writer, "")
    _heed_earlier_signatures(writer)
    if not writer.carries_signatures:
        make_own(writer, job.page - 1)
    geometry = _geometry_of(writer, job.page)
    # A larger stamp than usual would count as paint over the content that others signed (signing.pdf.changes).
    width = usual_width(geometry, job.width) if writer.carries_signatures else job.width
    box = _free_box(writer, job, geometry, width)
    field = f"Signature {uuid.uuid4().hex[:12]}"  # unique in the document
    time_stamper = job.wanted.time_stamper()
    token = TOKEN_BYTES if time_stamper else 0
    reserved = 2 * (CMS_OVERHEAD + token + len(job.certificate) + sum(map(len, job.chain)))  # hexadecimal
    signer = _PreservingSigner(
        signers.PdfSignatureMetadata(
            field_name=field,
            subfilter=SigSeedSubFilter.PADES,
            md_algorithm=DIGEST,
            name=job.signer_name,
            reason=job.reason or None,
            # Readers then report the document as locked; another practitioner may still sign, and proofs may be
            # added.
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
    signer.evidence = job.evidence
    signer.sign_pdf(writer, in_place=True, bytes_reserved=reserved + reserved % 2, chunk_size=CHUNK)
    return signer.hashed


def _free_box(writer: IncrementalPdfFileWriter, job: SigningJob, geometry: PageGeometry, width: float) -> Box:
    """The first of the job's places where no other signature of the page is shown; the first of all if each is
    taken."""
    boxes = [stamp_rectangle(geometry, x=x, y=y, width=width) for x, y in ((job.x, job.y), *job.other_places)]
    if len(boxes) == 1:
        return boxes[0]
    reference, _ = writer.find_page_for_modification(job.page - 1)
    page = reference.get_object()
    widgets = [resolved(each) for each in items(entry(page, "/Annots"))]
    taken = [box for box in map(_box_of_signature, widgets) if box is not None]
    return next((box for box in boxes if not any(_overlap(box, other) for other in taken)), boxes[0])


def _box_of_signature(widget: Any) -> Box | None:
    return usable_box(floats(entry(widget, "/Rect"))) if entry(widget, "/FT") == "/Sig" else None


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _heed_earlier_signatures(writer: _Update) -> None:
    earlier = signatures_of(writer.prev)
    # A document time-stamp counts, too: it would no longer match a document that is certified after it.
    writer.carries_signatures = bool(earlier)
    for signature in earlier:
        if isinstance(signature, FilledField) and _forbids_changes(signature):
            raise Refusal("docmdp")


def _forbids_changes(signature: FilledField) -> bool:
    """A signature proven broken forbids nothing."""
    try:
        level = signature.docmdp_level
    except (SignatureValidationError, ValueError, TypeError, KeyError):
        return False  # a level that the standard does not define
    no_roots = Trusted.of([], [])
    return level == MDPPerm.NO_CHANGES and judge_field(signature, [], no_roots).judgement != "not_valid"


def _geometry_of(writer: IncrementalPdfFileWriter, page: int) -> PageGeometry:
    reference, _ = writer.find_page_for_modification(page - 1)
    return geometry_of(reference.get_object())
