"""Verifies a PDF for anybody: nothing is stored, and nothing about the patient is revealed."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from files import open_work
from files.intake import Intake, Refused, TryLater, inspect
from files.models import StoredFile
from files.names import clean_name
from signing.certificates import known_authorities
from signing.pdf.examination import INTACT, ExaminedSignature, Integrity, Trust, examine
from signing.pdf.verify import CannotVerify


class Verdict(StrEnum):
    """The document as a whole."""

    UNSIGNED = "unsigned"
    WHOLE = "whole"  # every signature is valid and trusted, and only signing data was added after
    REVOKED = "revoked"  # nothing was changed; a certificate was revoked, and no time proves the signature older
    NOT_OURS = "not_ours"  # a certificate names this installation's authority, which did not issue it
    UNTRUSTED = "untrusted"  # nothing was changed, but this installation can't tell who signed
    ALTERED = "altered"  # something was added after the last signature
    BROKEN = "broken"  # a signature does not fit the document
    NOT_JUDGED = "not_judged"  # nothing is proved against it, but a signature or a change is of an unknown kind


@dataclass(frozen=True)
class Verification:
    """The result for one file. `known`: exactly these bytes were shared through this installation."""

    name: str
    size: int  # bytes
    page_count: int
    sha256: str
    known: bool
    signatures: list[ExaminedSignature]

    @property
    def verdict(self) -> Verdict:
        """Proof against the document decides first, then what is unknown, then who signed."""
        integrities = {signature.integrity for signature in self.signatures}
        signed = {signature.integrity for signature in self.signatures if not signature.is_time_stamp}
        if Integrity.BROKEN in (signed or integrities):
            return Verdict.BROKEN
        # A mismatched time-stamp does not disprove the signatures, but somebody added it.
        if integrities & {Integrity.ALTERED, Integrity.FILLED_IN, Integrity.BROKEN}:
            return Verdict.ALTERED
        if any(signature.trust is Trust.NOT_ISSUED for signature in self.signatures):
            return Verdict.NOT_OURS
        if Integrity.NOT_JUDGED in integrities:
            return Verdict.NOT_JUDGED
        if all(signature.is_time_stamp for signature in self.signatures):
            return Verdict.UNSIGNED  # a time-stamp proves a time, not a signer
        if any(signature.trust is Trust.REVOKED for signature in self.signatures):
            return Verdict.REVOKED
        if not all(signature.trusted for signature in self.signatures):
            return Verdict.UNTRUSTED
        return Verdict.WHOLE


class VerificationBusy(TryLater):
    """This installation already runs as many verifications as it allows at once."""

    retry_after = open_work.RETRY_AFTER

    def __init__(self) -> None:
        super().__init__("busy", _("Trop de vérifications sont en cours. Réessayez dans quelques secondes."))


@contextmanager
def admitted() -> Iterator[None]:
    """A context to receive and verify an upload in. Raises VerificationBusy before anything is read."""
    try:
        with open_work.admitted():
            yield
    except open_work.NoPlaceLeft as full:
        raise VerificationBusy from full


def verify_upload(upload: UploadedFile[Any] | None) -> Verification:
    """Verify an upload and store nothing. Raises files.intake.Refused, with a sentence for what can't be verified,
    and VerificationBusy: anybody may call this, so it neither waits nor takes more than its share (open_work.py)."""
    try:
        with open_work.open_work():
            return _verify(upload)
    except open_work.NoPlaceLeft as full:
        raise VerificationBusy from full


def _verify(upload: UploadedFile[Any] | None) -> Verification:
    try:
        intake = inspect(upload)
    except Refused as refused:
        raise _worded_for_verifiers(refused, clean_name(upload.name if upload else None)) from refused
    with intake:
        return _verified(intake)


def _verified(intake: Intake) -> Verification:
    with intake.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    known = StoredFile.objects.filter(sha256=sha256, shared_documents__isnull=False)
    try:
        signatures = examine(intake.path, known_authorities())
        is_known = known.exists()
        if is_known:
            signatures = [_as_of_a_former_site(one) for one in signatures]
        held = known.filter(shared_documents__consent__challenge__isnull=False, shared_documents__consent__doubt="")
        read_size = held.values_list("shared_documents__consent__read_size", flat=True).first()
        if read_size is not None and signatures:
            *before, seal = signatures
            seal = _as_verified_on_arrival(seal)
            if seal.sealed_elsewhere:
                before = _as_before_the_seal(before, intake.path, read_size)
            signatures = [*before, seal]
        return Verification(
            name=intake.name,
            size=intake.size,
            page_count=intake.page_count,
            sha256=sha256,
            known=is_known,
            signatures=signatures,
        )
    except CannotVerify as error:
        damaged = Refused(
            error.code,
            _("Les signatures de « %(name)s » ne peuvent pas être lues : le fichier est endommagé.")
            % {"name": intake.name},
        )
        raise (_worded_for_verifiers(damaged, intake.name) if error.code == "too_complex" else damaged) from error


def _as_of_a_former_site(signature: ExaminedSignature) -> ExaminedSignature:
    """Authorities of several installations have one name. A file of a practice that moved here was examined on
    arrival."""
    if signature.trust is not Trust.NOT_ISSUED:
        return signature
    return replace(signature, trust=Trust.UNKNOWN_ISSUER)


def _as_verified_on_arrival(signature: ExaminedSignature) -> ExaminedSignature:
    """The evidence of exactly these bytes is that of a consent which this installation holds without doubt."""
    if signature.consent is not None or signature.claims is None:
        return signature
    return replace(signature, consent=signature.claims, sealed_elsewhere=True)


def _as_before_the_seal(signatures: list[ExaminedSignature], path: Path, size: int) -> list[ExaminedSignature]:
    """The signatures of the file that was read and then sealed, its first `size` bytes.

    After a move nobody here trusts the seal's issuer, and what a stranger signs over a document may alter it. But
    this seal is that of a consent that was verified on arrival: what came after the others is a signature.
    """
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".copy") as copy:
        shutil.copyfile(path, copy.name)
        os.truncate(copy.name, size)
        earlier = examine(Path(copy.name), known_authorities())
    if len(earlier) != len(signatures):
        return signatures
    return [
        replace(now, integrity=Integrity.SIGNED_AGAIN if then.integrity in INTACT else then.integrity)
        for now, then in zip(signatures, earlier, strict=True)
    ]


def _worded_for_verifiers(refused: Refused, name: str) -> Refused:
    """Replace the advice to save the file again, which suits uploads but would destroy a signature here."""
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
