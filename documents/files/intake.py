"""Is it what it says, is it within bounds: an ordered pipeline, each step a function, each refusal a sentence."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.utils.translation import gettext as _

from documents.files import decoding, sandbox
from documents.files.limits import MAX_BYTES, MEDIA_TYPES, PDF
from documents.files.names import clean_name, extension_of

logger = logging.getLogger(__name__)
HEAD_BYTES = 1024  # where viewers look for a PDF's header


class Refused(Exception):
    """A file that is not taken. `code` for programs, `message` a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Intake:
    """A checked upload, in a temporary file of ours on the store's file system."""

    path: Path
    name: str  # as people gave it, made harmless
    media_type: str  # as verified by content
    size: int  # bytes
    page_count: int  # pages of a PDF, frames of a picture
    signature_count: int = 0  # signatures that a PDF came with


def accept(upload: UploadedFile[Any] | None) -> Intake:
    """Check an upload. Raises Refused; the temporary file is then removed."""
    if upload is None:
        raise Refused("nothing_chosen", _("Aucun fichier n’a été choisi. Choisissez un fichier."))
    name = clean_name(upload.name)
    _check_size(upload, name)
    path = _as_file(upload)
    try:
        media_type = _check_kind(path, name)
        content = _check_content(path, name, media_type)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Intake(
        path=path,
        name=name,
        media_type=media_type,
        size=path.stat().st_size,
        page_count=int(content["page_count"]),
        signature_count=int(content.get("signature_count", 0)),
    )


def discard(intake: Intake) -> None:
    """Remove the temporary file of an intake that was not kept."""
    intake.path.unlink(missing_ok=True)


def too_large_sentence(name: str, size: int) -> str:
    return _("« %(name)s » fait %(size)s Mo. La limite est de 50 Mo.") % {
        "name": name,
        # Rounded up, so that a file one byte over never reads "50 Mo. La limite est de 50 Mo."
        "size": max(51, round(size / 1_048_576)),
    }


def _check_size(upload: UploadedFile[Any], name: str) -> None:
    size = upload.size or 0
    if getattr(upload, "too_large", False) or size > MAX_BYTES:
        raise Refused("too_large", too_large_sentence(name, size))
    if size == 0:
        raise Refused(
            "empty", _("« %(name)s » est vide. Vérifiez le fichier, puis ajoutez-le de nouveau.") % {"name": name}
        )


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


def _check_kind(path: Path, name: str) -> str:
    """Content over name and declared type; the extension must agree with the content."""
    with path.open("rb") as file:
        found = sniff(file.read(HEAD_BYTES))
    expected = MEDIA_TYPES.get(extension_of(name))
    if found is None or expected is None:
        if expected is not None:
            raise Refused(
                "kind_refused",
                _(
                    "Le contenu de « %(name)s » n’est pas celui d’un fichier %(extension)s. "
                    "Enregistrez-le de nouveau en PDF, puis ajoutez-le."
                )
                % {"name": name, "extension": extension_of(name)},
            )
        raise Refused(
            "kind_refused",
            _(
                "« %(name)s » n’est pas d’un format accepté. Formats acceptés : PDF, BMP, GIF, JPEG, PNG et TIFF. "
                "Enregistrez-le en PDF, puis ajoutez-le."
            )
            % {"name": name},
        )
    if found != expected:
        raise Refused(
            "extension_mismatch",
            _(
                "Le nom de « %(name)s » ne correspond pas à son contenu. "
                "Vérifiez qu’il s’agit du bon fichier, puis corrigez son extension."
            )
            % {"name": name},
        )
    return found


def sniff(head: bytes) -> str | None:
    """The accepted media type that these first bytes are of, or None."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "image/tiff"
    if head.startswith(b"BM"):
        return "image/bmp"
    # Viewers take a PDF header anywhere in the first kilobyte. What begins as something else that a program would
    # run or render (a page, an archive, an executable, a script) is that, whatever follows.
    begins = head.lstrip(b"\xef\xbb\xbf\0\t\r\n ")
    if b"%PDF-" in head and not begins.startswith((b"<", b"PK", b"MZ", b"\x7fELF", b"#!", b"{\\rtf", b"\xd0\xcf")):
        return PDF
    return None


def _check_content(path: Path, name: str, media_type: str) -> decoding.Answer:
    """Decode all of it, in the sandbox."""
    answer: decoding.Answer
    try:
        if media_type == PDF:
            answer = sandbox.run(decoding.check_pdf, str(path))
        else:
            answer = sandbox.run(decoding.check_picture, str(path), media_type)
    except sandbox.SandboxCrashed as error:
        logger.warning("A document was refused: its decoding died (%s)", error)
        answer = {"refused": "unreadable"}
    except sandbox.SandboxError as error:
        logger.warning("A document was refused: its decoding went over its limits (%s)", error)
        answer = {"refused": "too_complex"}
    if code := answer.get("refused"):
        raise Refused(code, _content_sentences()[code] % {"name": name})
    return answer


def _content_sentences() -> dict[str, str]:
    return {
        "unreadable": _(
            "« %(name)s » est endommagé ou incomplet : il ne s’ouvre pas. "
            "Enregistrez-le de nouveau depuis votre logiciel, puis ajoutez-le."
        ),
        "password": _(
            "« %(name)s » est protégé par un mot de passe : le patient ne pourrait pas l’ouvrir. "
            "Enregistrez-le sans mot de passe, puis ajoutez-le."
        ),
        "too_many_pixels": _(
            "L’image « %(name)s » est trop grande pour être affichée (plus de 100 millions de points, ou trop "
            "d’images). Réduisez-la ou enregistrez-la en PDF, puis ajoutez-la."
        ),
        "too_complex": _(
            "« %(name)s » est trop complexe pour être vérifié. "
            "Imprimez-le en PDF depuis votre logiciel, puis ajoutez-le."
        ),
    }
