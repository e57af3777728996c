"""Is it what it says, is it within bounds, is it safe to pass on: an ordered pipeline, each refusal a sentence.

What each step decides, and why: docs/decisions/0013 (contents), 0021 (metadata, HEIC), 0022 (viruses).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.utils.translation import gettext as _

from files.content import check_active_content, check_content, check_opens
from files.kinds import check_kind
from files.limits import MAX_BYTES, PDF
from files.names import clean_name, hides_a_program
from files.pictures import convert_heic, remove_metadata
from files.scanning import ScannerUnavailable, scan
from files.upload import Refused, TryLater, Upload

__all__ = [
    "Intake",
    "Refused",
    "ScannerUnavailable",
    "TryLater",
    "Upload",
    "accept",
    "discard",
    "inspect",
    "too_large_sentence",
]


@dataclass(frozen=True)
class Intake:
    """A checked upload, in a temporary file of ours on the store's file system."""

    path: Path
    name: str  # as people gave it, made harmless
    media_type: str  # as verified by content
    size: int  # bytes
    page_count: int  # pages of a PDF, frames of a picture
    signature_count: int = 0  # signatures that a PDF came with
    notices: tuple[str, ...] = ()  # codes of what staff are told of it
    opening_text: str = field(default="", repr=False)  # of a PDF's first pages; never stored, never logged


def check_size(upload: Upload) -> None:
    """Between one byte and MAX_BYTES; then its bytes are in a file of ours."""
    size = upload.file.size or 0
    upload.name = clean_name(upload.file.name)
    if getattr(upload.file, "too_large", False) or size > MAX_BYTES:
        # Rounded up, so that a file one byte over never reads "50 Mo. La limite est de 50 Mo."
        raise Refused("too_large", too_large_sentence(upload.name, str(max(51, round(size / 1_048_576)))))
    if size == 0:
        raise Refused("empty", empty_sentence(upload.name))
    upload.path = _as_file(upload.file)


def check_name(upload: Upload) -> None:
    """Control and bidi characters are gone by now (names.py)."""
    if hides_a_program(upload.name):
        raise Refused(
            "name_refused",
            _("« %(name)s » porte deux extensions, dont celle d’un programme. Renommez-le, puis ajoutez-le.")
            % {"name": upload.name},
        )


def check_may_be_signed(upload: Upload) -> None:
    """Before it is opened: a picture of a hundred million points need not be decoded to say so."""
    if upload.media_type != PDF:
        raise Refused("not_a_pdf", _("Choisissez un PDF : une image ne porte pas de signature."))


Step = Callable[[Upload], None]
# To look at a PDF and forget it: neither kept nor passed on, it is not changed, and its pages are not read.
LOOK: tuple[Step, ...] = (check_size, check_kind, check_may_be_signed, check_opens)
# To keep a file and pass it on.
STEPS: tuple[Step, ...] = (
    check_size,
    check_name,
    check_kind,
    check_content,
    check_active_content,
    convert_heic,
    scan,
    remove_metadata,
)


def accept(upload: UploadedFile[Any] | None) -> Intake:
    """Check an upload that will be kept. Raises Refused (and ScannerUnavailable, which a retry may pass); the
    temporary file is then removed."""
    return _through(STEPS, upload)


def inspect(upload: UploadedFile[Any] | None) -> Intake:
    """Check a PDF whose signatures alone are looked at, byte for byte as it came. Raises Refused."""
    return _through(LOOK, upload)


def _through(steps: tuple[Step, ...], file: UploadedFile[Any] | None) -> Intake:
    if file is None:
        raise Refused("nothing_chosen", _("Aucun fichier n’a été choisi. Choisissez un fichier."))
    upload = Upload(file)
    try:
        for step in steps:
            step(upload)
    except BaseException:
        if upload.path.name:
            upload.path.unlink(missing_ok=True)
        raise
    return Intake(
        path=upload.path,
        name=upload.name,
        media_type=upload.media_type,
        size=upload.path.stat().st_size,
        page_count=upload.page_count,
        signature_count=upload.signature_count,
        notices=tuple(upload.notices),
        opening_text=upload.opening_text,
    )


def discard(intake: Intake) -> None:
    """Remove the temporary file of an intake that was not kept."""
    intake.path.unlink(missing_ok=True)


def too_large_sentence(name: str, megabytes: str) -> str:
    return _("« %(name)s » fait %(size)s Mo. La limite est de 50 Mo.") % {"name": name, "size": megabytes}


def empty_sentence(name: str) -> str:
    return _("« %(name)s » est vide. Vérifiez le fichier, puis ajoutez-le de nouveau.") % {"name": name}


def _as_file(upload: UploadedFile[Any]) -> Path:
    """The upload's own temporary file; one is written for what is in memory only (tests, demo)."""
    if isinstance(upload, TemporaryUploadedFile):
        upload.flush()
        return Path(upload.temporary_file_path())
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, path = tempfile.mkstemp(suffix=".upload", dir=folder)
    with os.fdopen(descriptor, "wb") as file:
        upload.seek(0)
        shutil.copyfileobj(cast("BinaryIO", upload), file, 1 << 20)
    return Path(path)
