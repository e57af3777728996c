"""Checks uploads in an ordered list of steps: size, name, kind, contents, viruses. Each refusal is a sentence.

The reasons for each step are in docs/decisions/0013 (contents), 0021 (metadata, HEIC), 0022 (viruses).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

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
    "inspect",
    "judge",
    "too_large_sentence",
]


@dataclass(frozen=True)
class Intake:
    """A checked upload, in a temporary file of ours on the store's file system.

    A context manager: on any way out of the `with` block the temporary file is gone, moved into storage or removed.
    A use case that consumes an intake enters it, and so does whoever works with it before that; leaving it twice is
    harmless.
    """

    path: Path
    name: str  # as the user gave it, made harmless
    media_type: str  # as verified by content
    size: int  # bytes
    page_count: int  # pages of a PDF, frames of a picture
    signature_count: int = 0  # signatures that a PDF came with
    notices: tuple[str, ...] = ()  # codes of notices for staff
    opening_text: str = field(default="", repr=False)  # of a PDF's first pages; never stored, never logged

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.path.unlink(missing_ok=True)


def check_size(upload: Upload) -> None:
    """Require one byte to MAX_BYTES, and put the bytes in a file of ours. Raises Refused."""
    size = upload.file.size or 0
    upload.name = clean_name(upload.file.name)
    if getattr(upload.file, "too_large", False) or size > MAX_BYTES:
        # Rounded up, so that a file one byte over never reads "50 Mo. La limite est de 50 Mo."
        raise Refused("too_large", too_large_sentence(upload.name, str(max(51, round(size / 1_048_576)))))
    if size == 0:
        raise Refused("empty", empty_sentence(upload.name))
    upload.path = _as_file(upload.file)


def check_name(upload: Upload) -> None:
    """names.py has removed control and bidi characters already."""
    if hides_a_program(upload.name):
        raise Refused(
            "name_refused",
            _("« %(name)s » porte deux extensions, dont celle d’un programme. Renommez-le, puis ajoutez-le.")
            % {"name": upload.name},
        )


def check_may_be_signed(upload: Upload) -> None:
    """Runs before the file is opened: a picture of a hundred million pixels need not be decoded to refuse it."""
    if upload.media_type != PDF:
        raise Refused("not_a_pdf", _("Choisissez un PDF : une image ne porte pas de signature."))


Step = Callable[[Upload], None]
# The steps for a PDF that is only verified: it is not stored, not changed, and its pages are not read.
LOOK: tuple[Step, ...] = (check_size, check_kind, check_may_be_signed, check_opens)
# The steps for a file that is stored and shared.
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

# The steps for a file that another installation accepted: its bytes are signed, or have a known SHA-256, and stay.
# The scan is first: whoever keeps what a later step refuses knows that no virus was found.
JUDGE: tuple[Step, ...] = (scan, check_name, check_kind, check_content, check_active_content)


def accept(upload: UploadedFile[Any] | None) -> Intake:
    """Check an upload that will be stored. Raises Refused (and its subclass ScannerUnavailable, after which a retry
    may succeed); the temporary file is then removed."""
    return _through(STEPS, upload)


def inspect(upload: UploadedFile[Any] | None) -> Intake:
    """Check a PDF whose signatures will be verified; its bytes stay unchanged. Raises Refused."""
    return _through(LOOK, upload)


def judge(path: Path, *, name: str) -> Upload:
    """Check a file that is not an upload, and change nothing of it. Raises Refused and ScannerUnavailable, whose
    sentences contain the name."""
    upload = Upload(UploadedFile(name=name), name=name, path=path)
    for step in JUDGE:
        step(upload)
    return upload


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


def too_large_sentence(name: str, megabytes: str) -> str:
    return _("« %(name)s » fait %(size)s Mo. La limite est de 50 Mo.") % {"name": name, "size": megabytes}


def empty_sentence(name: str) -> str:
    return _("« %(name)s » est vide. Vérifiez le fichier, puis ajoutez-le de nouveau.") % {"name": name}


def _as_file(upload: UploadedFile[Any]) -> Path:
    """The upload's own temporary file; written now for an upload in memory (tests, demo)."""
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
