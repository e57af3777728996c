"""Pictures that the site shows as its own (signatures, logos): re-encoded in the sandbox, so that no byte of the
upload is stored."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from files import answers, sandbox
from files.intake import Intake, Refused, accept
from files.limits import PDF

OF_ITS_CONTENT = ("unreadable", "password", "too_many_pixels", "too_complex", "active_content")  # files.content
PNG = re.compile(rb"\x89PNG\r\n\x1a\n")


@dataclass(frozen=True)
class Sentences:
    """What to answer to an upload that is no picture or does not open. The sentences of the intake propose a PDF.
    `refused`: by code of the job."""

    not_a_picture: str
    unreadable: str
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bounds:
    width: int  # pixels
    height: int  # pixels
    size: int  # bytes: twice the size of such a picture without compression


def reencode(
    upload: UploadedFile[Any] | None, job: Callable[..., Any], *, bounds: Bounds, sentences: Sentences
) -> bytes:
    """The PNG that `job(path, output, width, height)` of files.decoding writes. Raises Refused."""
    with _accepted(upload, sentences) as intake:
        if intake.media_type == PDF:
            raise Refused("kind_refused", sentences.not_a_picture)
        with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".png") as output:
            arguments = (str(intake.path), output.name, bounds.width, bounds.height)
            try:
                answer = sandbox.run(job, *arguments, reads=[intake.path], writes=[output.name])
                refusal = answers.refusal(answer, [*sentences.refused, "too_many_pixels", "unreadable"])
                if refusal is None:
                    return answers.written(Path(output.name), PNG, most=bounds.size)
            except sandbox.SandboxError as error:
                raise Refused("unreadable", sentences.unreadable) from error
            raise Refused(refusal.code, sentences.refused.get(refusal.code, sentences.unreadable))


def _accepted(upload: UploadedFile[Any] | None, sentences: Sentences) -> Intake:
    """The checked upload. Raises Refused."""
    try:
        return accept(upload)
    except Refused as refused:
        if refused.code in ("kind_refused", "extension_mismatch"):
            raise Refused(refused.code, sentences.not_a_picture) from refused
        if refused.code in OF_ITS_CONTENT:
            raise Refused(refused.code, sentences.unreadable) from refused
        raise
