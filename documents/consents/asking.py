"""Asking for the patient's signature under one document that is shared already."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from documents.consents import messages
from documents.consents.forms import Asked, ask_for, checked_sentences
from documents.consents.sealing import NotToBeSigned, check_can_be_signed
from documents.models import AutoSend, Consent, SharedDocument
from documents.sharing.uploads import check_may_share, locked


def ask(*, document: SharedDocument, asked: Asked, by: User) -> Consent:
    """Ask for the signature of a document that is shared already; once more after a refusal. Its recipient gets a
    message, once it is certain that the file can be sealed. Asking for what is asked already changes nothing.

    Raises NotAllowed, documents.consents.sealing.NotToBeSigned, ValidationError; SharedDocument.DoesNotExist if it
    was taken back.
    """
    check_may_share(document.appointment, by)
    current = SharedDocument.objects.select_related("file", "practice").get(pk=document.pk)
    former = _former(current)
    if former is not None and former.is_open:
        return former
    checked = Asked(checked_sentences(asked.sentences), asked.booker_may_sign)
    # Outside the transaction: a seal takes a moment, and the appointment would be locked meanwhile.
    check_can_be_signed(current.file, name=current.name, pages=current.page_count, practice=current.practice)
    return _ask(current, checked, by)


@transaction.atomic
def _ask(examined: SharedDocument, asked: Asked, by: User) -> Consent:
    locked(examined.appointment)
    current = SharedDocument.objects.select_for_update(of=("self",)).select_related("file").get(pk=examined.pk)
    former = _former(current)
    if former is not None and former.is_open:
        return former
    if current.file_id != examined.file_id:
        raise NotToBeSigned(_("Ce document vient d’être remplacé. Relisez-le, puis demandez la signature."))
    if former is not None:
        messages.call_off(former)
        former.delete()
    consent = ask_for(current, asked, by)
    messages.announce(consent, by=by)
    return consent


def _former(document: SharedDocument) -> Consent | None:
    """What was asked before. Raises documents.consents.sealing.NotToBeSigned."""
    if AutoSend.objects.filter(shared=document).exists():
        raise NotToBeSigned(
            _(
                "Une règle a envoyé ce document sans compte, et une signature demande un compte. Partagez-le "
                "vous-même, puis demandez sa signature."
            )
        )
    former = Consent.objects.filter(document=document).first()
    if former is not None and former.carries_signature:
        raise NotToBeSigned(_("Ce document est déjà signé. Partagez-en un autre pour une nouvelle signature."))
    return former
