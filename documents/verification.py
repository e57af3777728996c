"""Verifying a PDF for anybody: nothing is kept, and nothing is told of whom it concerns."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from documents.certificates import known_here
from documents.files.intake import Refused, discard, inspect
from documents.files.limits import PDF
from documents.files.names import clean_name
from documents.models import StoredFile
from documents.signing.examination import ExaminedSignature, Integrity, Trust, examine
from documents.signing.verify import CannotVerify


class Verdict(StrEnum):
    """The document as a whole."""

    UNSIGNED = "unsigned"
    WHOLE = "whole"  # every signature is right, trusted, and nothing but what belongs to signing came after
    REVOKED = "revoked"  # nothing was changed; a certificate was revoked, and no time proves the signature older
    UNTRUSTED = "untrusted"  # nothing was changed, but this installation can't tell who signed
    ALTERED = "altered"  # something was added after the last signature
    BROKEN = "broken"  # a signature does not fit the document


@dataclass(frozen=True)
class Verification:
    """What a file shows. `known`: these very bytes were shared through this installation."""

    name: str
    size: int  # bytes
    page_count: int
    sha256: str
    known: bool
    signatures: list[ExaminedSignature]

    @property
    def verdict(self) -> Verdict:
        if not self.signatures:
            return Verdict.UNSIGNED
        found = {signature.integrity for signature in self.signatures}
        if Integrity.BROKEN in found:
            return Verdict.BROKEN
        if found & {Integrity.ALTERED, Integrity.FILLED_IN}:
            return Verdict.ALTERED
        if any(signature.trust is Trust.REVOKED for signature in self.signatures):
            return Verdict.REVOKED
        if not all(signature.trusted for signature in self.signatures):
            return Verdict.UNTRUSTED
        return Verdict.WHOLE


def verify_upload(upload: UploadedFile[Any] | None) -> Verification:
    """Verify and forget. Raises documents.files.intake.Refused, with a sentence for what can't be verified."""
    try:
        intake = inspect(upload)
    except Refused as refused:
        raise _in_words_for_whom_verifies(refused, clean_name(upload.name if upload else None)) from refused
    try:
        if intake.media_type != PDF:
            raise Refused("not_a_pdf", _("Choisissez un PDF : une image ne porte pas de signature."))
        with intake.path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return Verification(
            name=intake.name,
            size=intake.size,
            page_count=intake.page_count,
            sha256=sha256,
            known=StoredFile.objects.filter(sha256=sha256, shared_documents__isnull=False).exists(),
            signatures=examine(intake.path, known_here()),
        )
    except CannotVerify as error:
        raise Refused(
            error.code,
            _("Les signatures de « %(name)s » ne peuvent pas être lues : le fichier est endommagé.")
            % {"name": intake.name},
        ) from error
    finally:
        discard(intake)


def _in_words_for_whom_verifies(refused: Refused, name: str) -> Refused:
    """Not to save it anew, as whoever sends a document is told: that is how a signature gets lost."""
    sentences = {
        "password": _(
            "« %(name)s » est protégé par un mot de passe : ce site ne peut pas l’ouvrir. Demandez à son auteur le "
            "document d’origine, sans mot de passe."
        ),
        "unreadable": _(
            "« %(name)s » est endommagé ou incomplet : il ne s’ouvre pas. Téléchargez-le de nouveau, ou "
            "redemandez-le à son auteur."
        ),
        "too_complex": _("« %(name)s » est trop complexe pour être vérifié ici."),
        "kind_refused": _(
            "« %(name)s » n’est pas un PDF. Choisissez le fichier PDF tel que vous l’avez reçu : une copie convertie "
            "perd ses signatures."
        ),
    }
    if refused.code not in sentences:
        return refused
    return Refused(refused.code, sentences[refused.code] % {"name": name})
