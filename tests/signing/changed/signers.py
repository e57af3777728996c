"""The signers: two doctors of this site, a stranger with a doctor's name, a time-stamp authority."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from unittest import mock

from asn1crypto import keys, x509
from cryptography import x509 as cx509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.stamp import BaseStampStyle

from bench.doctors import NAME, NUMBER, Authority
from files.intake import accept
from signing.pdf import verifying_child
from signing.pdf.changes import changes_after, review_of
from signing.pdf.credentials import Credential
from signing.pdf.not_allowed import NotAllowed
from signing.pdf.objects import dictionary
from signing.pdf.placement import Placement
from signing.pdf.sign import sign
from signing.pdf.stamp import StampContent
from tests.signing.changed.documents import form
from tests.signing.conftest import Elsewhere

Box = tuple[int, int, int, int]
BESIDE: Box = (300, 150, 450, 210)
T = TypeVar("T")


def apart(work: Callable[[], T]) -> T:
    """In a separate thread: pyHanko runs an event loop, and a browser test may have left one in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


@dataclass(frozen=True)
class Look:
    """The appearance of a later signature; `flags` of the widget, `widget`: further entries."""

    box: Box = BESIDE
    page: int = 0
    content: bytes = b"0.9 g 0 0 150 60 re f"
    bbox: bytes = b"[0 0 150 60]"
    form_more: bytes = b""
    flags: int = 4
    widget: Callable[[Any, Any], None] = lambda _writer, _field: None


class _AsItIs(BaseStampStyle):
    """Keeps the field's current appearance."""

    def create_stamp(self, writer: Any, box: Any, text_params: Any) -> Any:
        return self

    def apply_appearance(self, field: Any) -> None:
        pass


class _SignsAnyway(PdfSigner):
    """Does not check whether a certification allows it."""

    def _enforce_certification_constraints(self, reader: Any) -> None:
        pass


class _SameMetadata(IncrementalPdfFileWriter):
    """An update that leaves what the file says of itself."""

    def _update_meta(self) -> None:
        pass


class Signers:
    @cached_property
    def authority(self) -> Authority:
        return Authority()

    @cached_property
    def alice(self) -> Credential:
        return self.authority.doctor()

    @cached_property
    def bob(self) -> Credential:
        return self.authority.doctor("Dr Bob Girard", "20202020202")

    @cached_property
    def stranger(self) -> Credential:
        """A signer with Alice's name, from an authority unknown to this site."""
        return Authority().doctor(NAME)

    def sign_here(self, content: bytes, who: Credential | None = None, page: int = 2, width: float = 0.25,
                  x: float = 0.3) -> bytes:  # fmt: skip
        """Sign as this site does."""
        with accept(SimpleUploadedFile("ordonnance.pdf", content)) as intake:
            done = sign(
                intake,
                placement=Placement(page=page, x=x, y=0.8, width=width),
                credential=who or self.alice,
                appearance=StampContent(image_png=None, signer_name=NAME, professional_number=NUMBER),
                signing_time=timezone.now(),
            )
            assert not done.repaired
            return intake.path.read_bytes()

    @cached_property
    def time(self) -> DummyTimeStamper:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = cx509.Name([cx509.NameAttribute(NameOID.COMMON_NAME, "Horodateur")])
        now = datetime.now(UTC)
        made = (
            cx509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(77)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(cx509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
            .sign(key, hashes.SHA256())
        )
        der = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        certificate = x509.Certificate.load(made.public_bytes(serialization.Encoding.DER))
        return DummyTimeStamper(certificate, keys.PrivateKeyInfo.load(der))

    def sign_again(self, content: bytes, who: Credential, name: str = "Second", look: Look | None = None,
                   **metadata: Any) -> bytes:  # fmt: skip
        """Sign as another program does: in the field with that name, created if needed; `look`: None paints
        nothing."""

        def work() -> bytes:
            written, writer, spec = self._prepared(content, name, look)
            meta = PdfSignatureMetadata(**{"field_name": name, **metadata})
            signer = _SignsAnyway(meta, signer=Elsewhere(who), new_field_spec=spec, stamp_style=_AsItIs())
            signer.sign_pdf(writer, in_place=True)
            return written.getvalue()

        return apart(work)

    def time_stamp(self, content: bytes, look: Look | None = None) -> bytes:
        def work() -> bytes:
            written, writer, _spec = self._prepared(content, "Time", look)
            PdfTimeStamper(self.time, field_name="Time").timestamp_pdf(writer, "sha256", in_place=True)
            return written.getvalue()

        return apart(work)

    def _prepared(self, content: bytes, name: str, look: Look | None) -> tuple[io.BytesIO, Any, Any]:
        """With the appearance already in the field, without pyHanko's own stamps."""
        written = io.BytesIO(content)
        writer = _SameMetadata(written, strict=False)
        existing = [n for n, _v, _f in fields.enumerate_sig_fields(writer.prev, filled_status=False)]
        if name not in existing and look is not None:
            spec = fields.SigFieldSpec(name, on_page=look.page, box=look.box)
            fields.append_signature_field(writer, spec)
        for found, _value, reference in fields.enumerate_sig_fields(writer, filled_status=False):
            if found == name and look is not None:
                self._paint(writer, reference.get_object(), look)
        return written, writer, None

    def _paint(self, writer: IncrementalPdfFileWriter, field: Any, look: Look) -> None:
        field[pdf_name("/F")] = generic.NumberObject(look.flags)
        if look.content:
            painted = _parsed(form(look.content, look.bbox, look.form_more))
            field[pdf_name("/AP")] = dictionary({"/N": writer.add_object(painted)})
        look.widget(writer, field)
        writer.update_container(field)


def _parsed(body: bytes) -> Any:
    """A stream object from its written form. Its references are to the file's own objects."""
    entries, _stream, content = body.partition(b"\nstream\n")
    content = content.removesuffix(b"\nendstream")
    found = parsed(re.sub(rb"/Length \d+", b"", entries))
    return generic.StreamObject(dict(found.items()), stream_data=content)


def parsed(written: bytes) -> Any:
    """A PDF object from its written form."""
    nowhere: Any = generic.TrailerReference(None)
    return generic.read_object(io.BytesIO(written + b" "), nowhere)


@lru_cache(maxsize=1)
def signers() -> Signers:
    return Signers()


def judged(content: bytes) -> tuple[str, str]:
    """What came after Alice's signature, and the reason if it is "other"; "unsigned" if it is gone."""
    known = signers()
    root, alice = known.authority.certificate, hashlib.sha256(known.alice.certificate).hexdigest()
    reasons: dict[str, str] = {}  # by field, the oldest first

    def noting_why(signature: Any, facts: Any) -> str:
        came = changes_after(signature, facts)
        reasons[signature.fq_name] = _reason(signature, facts) if came == "other" else ""
        return came

    def work() -> tuple[str, str]:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "changed.pdf"
            path.write_bytes(content)
            with mock.patch.object(verifying_child, "changes_after", noting_why):
                answer = verifying_child.verify_file(str(path), [root])
            if "refused" in answer:
                return str(answer["refused"]), ""
            found = [one for one in answer["signatures"] if one["certificate"] == alice]
            if not found:
                return "unsigned", ""
            hers = [name for name in reasons if name == "Alice" or name.startswith("Signature ")]
            return str(found[0]["came_after"]), reasons[hers[0]] if hers else ""

    return apart(work)


def _reason(signature: Any, facts: Any) -> str:
    try:
        return review_of(signature, facts)
    except NotAllowed as reason:
        return str(reason)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
