"""Prepares a picture for storage: HEIC becomes JPEG, and personal metadata is removed."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

from files import answers, decoding, metadata, sandbox
from files.content import check_content, content_sentences
from files.kinds import HEAD_BYTES, sniff
from files.limits import HEIC, JPEG, MAX_BYTES
from files.names import split
from files.upload import Refused, Upload

T = TypeVar("T")
logger = logging.getLogger(__name__)
CUT_OUT = (JPEG, "image/png")
MOST = 2 * MAX_BYTES  # of a rewritten picture: a JPEG is larger than its HEIC


def convert_heic(upload: Upload) -> None:
    """Most computers and telephones show JPEG; hardly any browser shows HEIC.

    A malicious file may have taken over the HEIC decoder, so another child decodes the result as if it were an
    upload.
    """
    if upload.media_type != HEIC:
        return
    _rewrite(upload, answers.fields, decoding.to_jpeg, str(upload.path), media_type=JPEG)
    upload.media_type = JPEG
    check_content(upload)
    upload.name = f"{split(upload.name)[0]}.jpg"
    upload.notices.append("heic_converted")


def remove_metadata(upload: Upload) -> None:
    """Remove place, telephone, time and names from JPEG and PNG; the picture data stay the same byte for byte
    (docs/decisions/0014).

    TIFF, GIF and BMP stay as they are; a notice reports a TIFF that contains a position.
    """
    if upload.media_type in CUT_OUT:
        notice = _rewrite(
            upload, _notice, metadata.strip_file, str(upload.path), upload.media_type, media_type=upload.media_type
        )
        upload.notices += [notice] if notice else []
    elif upload.media_type == "image/tiff" and _in_sandbox(
        upload, answers.truth, metadata.has_position, str(upload.path)
    ):
        upload.notices.append("metadata_kept")


def _notice(answer: object) -> str:
    """The notice for an answer of metadata.strip_file; empty for none. Raises WrongForm."""
    entries = answers.fields(answer)
    if "malformed" in entries:
        return "metadata_kept" if answers.truth(entries["malformed"]) else ""
    return "metadata_removed" if answers.truth(answers.entry(entries, "removed")) else ""


def _rewrite(upload: Upload, read: Callable[[object], T], function: Any, *arguments: str, media_type: str) -> T:
    """Run `function(*arguments, output)` and put what it wrote, if anything, in the file's place, which then holds
    a file of `media_type`."""
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".made", delete=False) as output:
        written = Path(output.name)
    try:
        answer = _in_sandbox(upload, read, function, *arguments, str(written), writes=[written])
        if size := written.stat().st_size:
            written.replace(upload.path)
        with upload.path.open("rb") as file:
            written_type = sniff(file.read(HEAD_BYTES))
        if size > MOST or written_type != media_type:
            raise _unreadable(upload, "another file")
        return answer
    finally:
        written.unlink(missing_ok=True)


def _in_sandbox(
    upload: Upload, read: Callable[[object], T], function: Any, *arguments: str, writes: Sequence[Path] = ()
) -> T:
    try:
        return read(sandbox.run(function, *arguments, reads=[upload.path], writes=writes))
    except sandbox.SandboxError as error:
        raise _unreadable(upload, type(error).__name__) from error


def _unreadable(upload: Upload, why: str) -> Refused:
    logger.warning("A picture was refused: it could not be made ready (%s)", why)
    return Refused("unreadable", content_sentences()["unreadable"] % {"name": upload.name})
