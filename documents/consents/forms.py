"""Which documents of the library ask for the patient's signature, and asking for it when one is shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.trail import record
from documents.consents.sealing import NotToBeSigned, check_can_be_signed
from documents.library.catalogue import check_may_write
from documents.models import AutoSendRule, Consent, ConsentForm, ConsentState, LibraryDocument, SharedDocument
from files.limits import PDF
from files.names import composed

MAX_SENTENCES = 10
MAX_SENTENCE = 300  # characters


@dataclass(frozen=True)
class Asked:
    """What is asked. `sentences`: the person ticks each one."""

    sentences: Sequence[str]
    booker_may_sign: bool = False
    practitioner_first: bool = False


@transaction.atomic
def set_form(*, document: LibraryDocument, asked: Asked | None, by: User) -> None:
    """Let a document of the library ask for the patient's signature whenever it is shared; None: no longer.

    Documents shared before stay as they are. Raises NotAllowed, NotToBeSigned, ValidationError.
    """
    check_may_write(document.practice, by)
    LibraryDocument.objects.select_for_update().get(pk=document.pk)
    if asked is None:
        if ConsentForm.objects.filter(document=document).delete()[0]:
            _record_form(document, by, asks=False)
        return
    _check_can_be_asked(document, asked)
    values = {
        "sentences": checked_sentences(asked.sentences),
        "booker_may_sign": asked.booker_may_sign,
        "practitioner_first": asked.practitioner_first,
    }
    former = ConsentForm.objects.filter(document=document).values(*values).first()
    if former != values:
        ConsentForm.objects.update_or_create(document=document, defaults={**values, "changed_at": timezone.now()})
        _record_form(document, by, asks=True)


def ask_by_form(document: SharedDocument, library_document: LibraryDocument, *, by: User | None) -> Consent | None:
    """In the transaction that shares it, if the library's document asks for a signature. Raises NotToBeSigned."""
    form = ConsentForm.objects.filter(document=library_document).first()
    if form is None:
        return None
    if form.practitioner_first and not document.is_signed:
        raise NotToBeSigned(
            _(
                "Un praticien signe ce document avant le patient : choisissez « Remplir un modèle », puis "
                "signez-le ou préparez-le pour sa signature."
            )
        )
    return ask_for(document, Asked(form.sentences, form.booker_may_sign), by)


def signed_first(document: LibraryDocument) -> bool:
    """Whether it is shared only once a practitioner has signed it."""
    form: ConsentForm | None = getattr(document, "consent_form", None)
    return form is not None and form.practitioner_first


def ask_for(document: SharedDocument, asked: Asked, by: User | None) -> Consent:
    if document.file.media_type != PDF:
        raise NotToBeSigned
    consent = Consent.objects.create(
        practice_id=document.practice_id,
        document=document,
        sentences=list(asked.sentences),
        booker_may_sign=asked.booker_may_sign,
        asked_by=by,
        state=ConsentState.ASKED,
    )
    record(
        "consent.asked",
        by=by,
        on=consent,
        practice=document.practice_id,
        within=document.appointment_id,
        detail={"document": str(document.pk), "sha256": document.file.sha256},
    )
    return consent


def checked_sentences(typed: Sequence[str]) -> list[str]:
    """Trimmed, without empty ones. Raises ValidationError."""
    sentences = [text for text in (composed(one).strip() for one in typed) if text]
    if not sentences:
        raise ValidationError({"sentences": _("Écrivez au moins une phrase que le patient coche avant de signer.")})
    if len(sentences) > MAX_SENTENCES:
        raise ValidationError({"sentences": _("Dix phrases au plus : regroupez-en, ou supprimez-en.")})
    if any(len(one) > MAX_SENTENCE for one in sentences):
        raise ValidationError({"sentences": _("Une phrase dépasse 300 caractères. Raccourcissez-la.")})
    if len(set(sentences)) < len(sentences):
        raise ValidationError({"sentences": _("La même phrase est écrite deux fois. Supprimez-en une.")})
    return sentences


def _check_can_be_asked(document: LibraryDocument, asked: Asked) -> None:
    version = document.current
    if version.file.media_type != PDF:
        raise NotToBeSigned
    if asked.practitioner_first and not version.body:
        raise NotToBeSigned(
            _(
                "Un document importé se partage tel quel : un praticien ne le signe pas d’abord. Rédigez-le dans la "
                "bibliothèque, ou demandez la seule signature du patient."
            )
        )
    rule = AutoSendRule.objects.kept().filter(documents=document).first()
    if rule is not None:
        told = _(
            "La règle « %(rule)s » envoie ce document sans compte, et une signature demande un compte. Retirez-le "
            "d’abord de la règle."
        )
        raise NotToBeSigned(told % {"rule": rule.name})
    check_can_be_signed(version.file, name=version.name, pages=version.page_count, practice=document.practice)


def _record_form(document: LibraryDocument, by: User, *, asks: bool) -> None:
    record("consent.form_changed", by=by, on=document, practice=document.practice_id, detail={"asks": asks})
