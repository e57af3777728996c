"""A practitioner's drawn or photographed signature, made into what the stamp shows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from documents.files import decoding, sandbox
from documents.files.intake import Refused, accept, discard
from documents.files.limits import PDF

MAX_WIDTH, MAX_HEIGHT = 1200, 400  # pixels


def clean_signature_image(upload: UploadedFile[Any] | None) -> bytes:
    """Re-encoded as PNG, paper made transparent, cropped to the ink. Raises Refused."""
    intake = accept(upload)
    try:
        if intake.media_type == PDF:
            raise Refused("kind_refused", _("Une signature est une image : choisissez un fichier PNG ou JPEG."))
        with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".png") as output:
            arguments = (str(intake.path), output.name, MAX_WIDTH, MAX_HEIGHT)
            try:
                answer = sandbox.run(decoding.clean_signature, *arguments)
            except sandbox.SandboxError as error:
                raise Refused("unreadable", _unreadable()) from error
            if answer.get("refused") == "blank":
                raise Refused(
                    "blank", _("Aucun trait n’a été trouvé. Dessinez votre signature, en noir sur fond clair.")
                )
            if "refused" in answer:
                raise Refused(answer["refused"], _unreadable())
            return Path(output.name).read_bytes()
    finally:
        discard(intake)


def _unreadable() -> str:
    return _("Cette image ne s’ouvre pas. Enregistrez-la de nouveau en PNG ou en JPEG, puis réessayez.")
