"""Prepares a practitioner's drawn or photographed signature for the stamp."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from files import decoding
from files.intake import Refused
from files.reencoding import Bounds, Sentences, reencode

__all__ = ["Refused", "clean_signature_image"]

BOUNDS = Bounds(width=1200, height=400, size=4 << 20)


def clean_signature_image(upload: UploadedFile[Any] | None) -> bytes:
    """Re-encoded as PNG, paper made transparent, cropped to the ink. Raises Refused."""
    sentences = Sentences(
        not_a_picture=_("Une signature est une image : choisissez un fichier PNG ou JPEG."),
        unreadable=_("Cette image ne s’ouvre pas. Enregistrez-la de nouveau en PNG ou en JPEG, puis réessayez."),
        refused={"blank": _("Aucun trait n’a été trouvé. Dessinez votre signature, en noir sur fond clair.")},
    )
    return reencode(upload, decoding.clean_signature, bounds=BOUNDS, sentences=sentences)
