"""Measures sharing a signed 50 MB PDF against copying and hashing the same bytes and one P-256 signature."""

from __future__ import annotations

import hashlib
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from accounts.models import User
from appointments.models import Appointment
from bench.samples import large_pdf
from documents.models import Category, SharedDocument
from documents.sharing.share import share_upload
from files.intake import accept
from files.upload_handlers import BoundedUpload
from signing.pdf.placement import Placement

RUNS = 7


def run() -> None:
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    content = large_pdf()
    source = folder / "source.pdf"
    source.write_bytes(content)
    _share(source)  # warms the sandbox
    floors, shares = [], []
    for _ in range(RUNS):
        floors.append(_timed(_floor, source))
        shares.append(_timed(_share, source))
    floor, share = statistics.median(floors), statistics.median(shares)
    print(f"share 50 MB, signed: {share:.3f} s; floor (copy + SHA-256 + one P-256 signature): {floor:.3f} s")
    print(f"  ratio {share / floor:.2f} (the upload's own copy into the temporary file is part of both)")
    source.unlink()


def _timed(function: Callable[[Path], object], source: Path) -> float:
    start = time.perf_counter()
    function(source)
    return time.perf_counter() - start


def _floor(source: Path) -> None:
    target = source.with_suffix(".floor")
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    ec.generate_private_key(ec.SECP256R1()).sign(digest, ec.ECDSA(hashes.SHA256()))
    target.unlink()


def _share(source: Path) -> SharedDocument:
    """Share like a view does: write the temporary file, check, sign in place, store, announce."""
    doctor = User.objects.get(email="dr.martin@lilas.example")
    appointment = Appointment.objects.filter(patient__last_name="Durand").latest("starts_at")
    upload = BoundedUpload("scan.pdf", "application/pdf", source.stat().st_size, None)
    with source.open("rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            upload.write(chunk)
    with upload:
        return share_upload(
            appointment=appointment,
            intake=accept(upload),
            category=Category.objects.get(code="report"),
            title="Scan",
            placement=Placement(page=4, x=0.8, y=0.9),
            by=doctor,
        )
