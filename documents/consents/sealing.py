"""Whether a document can be sealed later, decided before anybody is asked to sign it."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import IO

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from files import storage
from files.intake import Intake
from files.limits import PDF
from files.models import StoredFile
from practices.models import Practice
from refusals import Kind, Refusal
from signing.pdf.sign import CannotSign
from signing.seals import check_can_be_sealed

FOR_A_MOMENT = {"key_not_opened", "key_unavailable"}


class NotToBeSigned(Refusal):
    """The document cannot ask for a signature; the sentence says why."""

    code = "not_to_be_signed"
    kind = Kind.CONFLICT
    words = gettext_lazy("Seul un PDF se signe. Partagez ce document sans demander de signature.")


def check_can_be_signed(file: StoredFile, *, name: str, pages: int | None, practice: Practice) -> None:
    """Seal a copy of the bytes, and throw it away. Raises NotToBeSigned, and as files.storage.open_."""
    if file.media_type != PDF:
        raise NotToBeSigned
    with paper_of(file, name=name, pages=pages) as paper:
        _check(paper, practice)


def check_intake(intake: Intake, *, practice: Practice) -> None:
    """As check_can_be_signed, of a file that is not stored yet, which stays as it is."""
    if intake.media_type != PDF:
        raise NotToBeSigned
    with intake.path.open("rb") as source, _copied(source, intake) as paper:
        _check(paper, practice)


def _check(paper: Intake, practice: Practice) -> None:
    try:
        check_can_be_sealed(paper, practice=practice)
    except CannotSign as refused:
        raise NotToBeSigned(_for_staff(refused, paper.name)) from refused


def paper_of(file: StoredFile, *, name: str, pages: int | None) -> Intake:
    """The bytes in a temporary file, to be sealed. Raises as files.storage.open_."""
    storage.check_unchanged(file)
    with storage.open_(file) as source:
        return _copied(source, Intake(path=Path(), name=name, media_type=PDF, size=file.size, page_count=pages or 1))


def _copied(source: IO[bytes], intake: Intake) -> Intake:
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".made", delete=False) as copy:
        try:
            shutil.copyfileobj(source, copy)
        except BaseException:
            Path(copy.name).unlink(missing_ok=True)
            raise
    return replace(intake, path=Path(copy.name))


def _for_staff(refused: CannotSign, name: str) -> str:
    if refused.code in FOR_A_MOMENT:
        return _("La clé qui sert aux signatures de ce site est illisible : aucune signature ne peut être demandée.")
    sentences = {
        "docmdp": _(
            "« %(name)s » porte une signature qui interdit toute modification : le patient ne pourrait pas le "
            "signer. Partagez un exemplaire sans cette signature, puis demandez la sienne."
        ),
        "signed_and_damaged": _(
            "« %(name)s » porte une signature, et sa structure est endommagée : le patient ne pourrait pas le "
            "signer. Demandez à son auteur un autre exemplaire."
        ),
        "password": _(
            "« %(name)s » est protégé par un mot de passe : le patient ne pourrait pas le "
            "signer. Enregistrez-le sans mot de passe, puis ajoutez-le."
        ),
    }
    other = _(
        "« %(name)s » ne peut pas recevoir de signature : sa structure est endommagée, ou trop complexe. "
        "Enregistrez-le de nouveau en PDF depuis votre logiciel, partagez-le, puis demandez la signature."
    )
    return sentences.get(refused.code, other) % {"name": name}
