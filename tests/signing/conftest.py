"""An authority, a doctor's certificate from it, and signing with it."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509
from django.utils import timezone
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer

from bench.doctors import NAME, NUMBER, Authority
from files.intake import Intake
from signing.pdf.credentials import Credential
from signing.pdf.placement import Placement
from signing.pdf.sign import SignedIntake, sign
from signing.pdf.stamp import StampContent

Receive = Callable[..., Intake]
Sign = Callable[..., SignedIntake]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def credential(authority: Authority) -> Credential:
    return authority.doctor()


@pytest.fixture
def sign_it(credential: Credential) -> Sign:
    def _sign(intake: Intake, placement: Placement, name: str = NAME) -> SignedIntake:
        return sign(
            intake,
            placement=placement,
            credential=credential,
            appearance=StampContent(image_png=None, signer_name=name, professional_number=NUMBER),
            signing_time=timezone.now(),
        )

    return _sign


class Elsewhere(Signer):
    def __init__(self, credential: Credential) -> None:
        self._key = credential.key
        super().__init__(signing_cert=x509.Certificate.load(credential.certificate))

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return self._key.sign(data)


def signed_elsewhere(content: bytes, credential: Credential, **metadata: Any) -> bytes:
    """Signed by another program: no stamp, no PAdES; `metadata` as for pyHanko."""
    written = io.BytesIO(content)
    signer = PdfSigner(
        PdfSignatureMetadata(**{"field_name": "Elsewhere", **metadata}),
        signer=Elsewhere(credential),
    )
    # In a separate thread: pyHanko runs an event loop, and a browser test may have left one in this thread.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(signer.sign_pdf, IncrementalPdfFileWriter(written, strict=False), in_place=True).result()
    return written.getvalue()


def pdfsig(path: Path) -> str:
    """The report on the signatures by poppler, which shares no code with pyHanko."""
    assert shutil.which("pdfsig"), "Install poppler-utils."
    return subprocess.run(["pdfsig", str(path)], capture_output=True, text=True, check=False).stdout
