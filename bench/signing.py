"""Measures signing of 1, 10 and 50 MB, of a small letter and of ten: time and memory against a floor of the same run.

`python -m bench.signing`.

The floor: copying the file, hashing it, one RSA-3072 and one P-256 signature. Reports wall and processor time; the
latter is more meaningful on a busy machine. For the small letter the floor is bare pyHanko, signing and validating in
this process.
"""

from __future__ import annotations

import hashlib
import io
import logging
import shutil
import statistics
import time
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from django.conf import settings
from django.utils import timezone
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from bench.doctors import NUMBER, PASSPHRASE, Authority
from bench.samples import large_pdf
from docshare.demo.letters import letter, signature
from files import sandbox
from files.intake import Intake
from signing.pdf.credentials import Credential, Issued
from signing.pdf.placement import Placement
from signing.pdf.sign import SignedIntake, sign
from signing.pdf.sign_each import sign_each
from signing.pdf.stamp import StampContent

RUNS = 7
MB = 1_000_000
PLACE = Placement(page=1, x=0.7, y=0.9)
Seconds = tuple[float, float]  # of wall time, and of processor time including children


def run() -> None:
    _count_children()
    authority = Authority()
    issued = authority.issue()
    credential = authority.credential_of(issued)
    idle = _peak(partial(sandbox.run, len, []))
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    for size in (1, 10, 50):
        _measure(folder, f"{size} MB", large_pdf(size * MB), credential, idle)
    small = letter("Ordonnance", ["Paracétamol 1 g"], heading="Cabinet des Lilas")
    ours = _measure(folder, "letter", small, credential, idle)
    bare = _median(partial(_bare, small, issued, authority.certificate), lambda: None)
    print(f"  letter, bare pyHanko with validation: {bare[0] * 1000:.0f} ms ({bare[1] * 1000:.0f} ms of processor)")
    print(f"  ratio {ours[0] / bare[0]:.2f} ({ours[1] / bare[1]:.2f} of processor)")
    _ten_letters(folder, small, credential)


def _count_children() -> None:
    logger = logging.getLogger("files.sandbox")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(_SandboxUsage())
    logger.propagate = False


def _measure(folder: Path, name: str, content: bytes, credential: Credential, idle: int) -> Seconds:
    source, target = folder / "source.pdf", folder / "target.pdf"
    source.write_bytes(content)
    keys = rsa.generate_private_key(65537, 3072), ec.generate_private_key(ec.SECP256R1())

    def fresh() -> None:
        shutil.copyfile(source, target)

    def floor() -> None:
        shutil.copyfile(source, target)
        with target.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        keys[0].sign(digest, padding.PKCS1v15(), hashes.SHA256())
        keys[1].sign(digest, ec.ECDSA(hashes.SHA256()))

    fresh()
    signing = partial(_sign, target, credential)
    peak = _peak(signing)
    floors, ours = _median(floor, fresh), _median(signing, fresh)
    print(f"sign {name}: {ours[0] * 1000:.0f} ms ({ours[1] * 1000:.0f} of processor)", end="; ")
    print(f"floor {floors[0] * 1000:.0f} ms ({floors[1] * 1000:.0f})", end="; ")
    print(f"ratio {ours[0] / floors[0]:.2f} ({ours[1] / floors[1]:.2f})", end="; ")
    print(f"child's peak {peak - idle} MiB above idle")
    source.unlink()
    target.unlink()
    return ours


def _sign(path: Path, credential: Credential) -> None:
    sign(
        _intake(path),
        placement=PLACE,
        credential=credential,
        appearance=_appearance(),
        signing_time=timezone.now(),
    )


def signs_file() -> Callable[[Path, Path], Seconds]:
    """Signs one file into another with a practitioner's certificate; the copy is within, the verification, too."""
    _count_children()
    authority = Authority()
    credential = authority.doctor()

    def sign_file(source: Path, target: Path) -> Seconds:
        path = Path(settings.FILE_UPLOAD_TEMP_DIR) / "signed.pdf"
        start, busy = time.perf_counter(), _busy()
        shutil.copyfile(source, path)
        _sign(path, credential)
        path.replace(target)
        return time.perf_counter() - start, _busy() - busy

    return sign_file


def bare_signs_file() -> Callable[[Path, Path], Seconds]:
    """The same with bare pyHanko, validating, in this process."""
    authority = Authority()
    issued = authority.issue()

    def sign_file(source: Path, target: Path) -> Seconds:
        start, busy = time.perf_counter(), time.process_time()
        target.write_bytes(_bare(source.read_bytes(), issued, authority.certificate))
        return time.perf_counter() - start, time.process_time() - busy

    return sign_file


def _intake(path: Path) -> Intake:
    return Intake(path=path, name="a.pdf", media_type="application/pdf", size=path.stat().st_size, page_count=1)


def _appearance() -> StampContent:
    return StampContent(_image(), "Alice Morel", NUMBER)


def _ten_letters(folder: Path, content: bytes, credential: Credential) -> None:
    """As those of *À signer*, without printing and storing them: one after another, and in one child."""
    paths = [folder / f"letter{number}.pdf" for number in range(10)]

    def fresh() -> None:
        for path in paths:
            path.write_bytes(content)

    def alone() -> None:
        for path in paths:
            _sign(path, credential)

    def together() -> None:
        signed = sign_each(
            [(_intake(path), PLACE) for path in paths],
            credential=credential,
            appearance=_appearance(),
            signing_time=timezone.now(),
        )
        assert all(isinstance(each, SignedIntake) for each in signed)

    fresh()
    for name, function in (("a child each", alone), ("one child", together)):
        time_, busy = _median(function, fresh)
        print(f"sign ten letters, {name}: {time_ * 1000:.0f} ms ({busy * 1000:.0f} of processor)")
    for path in paths:
        path.unlink()


def _bare(content: bytes, issued: Issued, authority: bytes) -> bytes:
    """pyHanko without a stamp and without a child process; the key is parsed within the measurement."""
    key = serialization.load_pem_private_key(issued.private_key, PASSPHRASE.encode())
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    root = asn1_x509.Certificate.load(authority)
    registry = SimpleCertificateStore()
    registry.register_multiple([root])
    signer = signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(issued.certificate),
        signing_key=asn1_keys.PrivateKeyInfo.load(der),
        cert_registry=registry,
        embed_roots=True,
    )
    metadata = signers.PdfSignatureMetadata(
        field_name="Signature", subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256"
    )
    output = signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(content)), metadata, signer=signer)
    signature = PdfFileReader(output).embedded_signatures[0]
    context = ValidationContext(trust_roots=[root], allow_fetching=False)
    assert validate_pdf_signature(signature, signer_validation_context=context).bottom_line
    return bytes(output.getvalue())


def _median(function: Callable[[], object], before: Callable[[], object]) -> Seconds:
    wall, processor = [], []
    for _ in range(RUNS):
        before()
        start, busy = time.perf_counter(), _busy()
        function()
        wall.append(time.perf_counter() - start)
        processor.append(_busy() - busy)
    return statistics.median(wall), statistics.median(processor)


def _busy() -> float:
    """Processor time of this process. Children of the sandbox belong to the fork server and are counted below."""
    return time.process_time() + _SandboxUsage.seconds


class _SandboxUsage(logging.Handler):
    """What the sandbox reports of its children: peak memory in MiB, processor time in seconds."""

    peak = 0
    seconds = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        arguments = record.args
        assert isinstance(arguments, tuple)
        _SandboxUsage.peak = int(str(arguments[1]))
        _SandboxUsage.seconds += float(str(arguments[2]))


def _peak(function: Callable[[], object]) -> int:
    """Peak memory of the child in MiB."""
    function()
    return _SandboxUsage.peak


@lru_cache(maxsize=1)
def _image() -> bytes:
    from PIL import Image

    grey = Image.open(io.BytesIO(signature(1))).convert("L")
    ink = Image.new("RGBA", grey.size, (20, 40, 120, 255))
    ink.putalpha(grey.point([255 - level for level in range(256)]))
    buffer = io.BytesIO()
    ink.save(buffer, "PNG")
    return buffer.getvalue()


if __name__ == "__main__":
    from bench.installation import embedded

    with embedded():
        run()
