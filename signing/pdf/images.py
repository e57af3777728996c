"""A practitioner's drawn or photographed signature, made into what the stamp shows."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from files import answers, decoding, sandbox
from files.intake import Refused, accept, discard
from files.limits import PDF

MAX_WIDTH, MAX_HEIGHT = 1200, 400  # pixels
MAX_BYTES = 4 << 20  # twice what so many take uncompressed
PNG = re.compile(rb"\x89PNG\r\n\x1a\n")


def clean_signature_image(upload: UploadedFile[Any] | None) -> bytes:
    """Re-encoded as PNG, paper made transparent, cropped to the ink. Raises Refused."""
    intake = accept(upload)
    try:
        if intake.media_type == PDF:
            raise Refused("kind_refused", _("Une signature est une image : choisissez un fichier PNG ou JPEG."))
        with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".png") as output:
            arguments = (str(intake.path), output.name, MAX_WIDTH, MAX_HEIGHT)
            try:
                answer = sandbox.run(decoding.clean_signature, *arguments, reads=[intake.path], writes=[output.name])
                refusal = answers.refusal(answer, ["blank", "too_many_pixels", "unreadable"])
                if refusal is None:
                    return answers.written(Path(output.name), PNG, most=MAX_BYTES)
            except sandbox.SandboxError as error:
                raise Refused("unreadable", _unreadable()) from error
            if refusal.code == "blank":
                raise Refused(
                    "blank", _("Aucun trait n’a été trouvé. Dessinez votre signature, en noir sur fond clair.")
                )
            raise Refused(refusal.code, _unreadable())
    finally:
        discard(intake)


def _unreadable() -> str:
    return _("Cette image ne s’ouvre pas. Enregistrez-la de nouveau en PNG ou en JPEG, puis réessayez.")
