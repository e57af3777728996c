"""The steps before a signature: every page read, every sentence ticked, the name written. Kept until they are done,
on any device of the account; ends after 30 days."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from documents.consents.access import Signer, locked_consent, signer_of
from documents.models import Consent, ConsentDraft, SignedAs
from files.names import composed
from patients.names import joined, kept
from refusals import Kind, Refusal
from signing.pdf.images import clean_signature_image

LIFETIME = timedelta(days=30)
MAX_NAME = 201  # characters


class ConsentOver(Refusal):
    """It was signed, refused or withdrawn meanwhile, perhaps by somebody else who may."""

    code = "consent_over"
    kind = Kind.CONFLICT
    words = gettext_lazy("Ce document n’attend plus de signature : il a été signé, refusé ou retiré entre-temps.")


class MayNotSign(Refusal):
    """The account sees the document, and does not sign it."""

    code = "may_not_sign"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Votre compte ne peut pas signer ce document : seul le patient le signe, ou son responsable légal s’il est "
        "mineur. Si cela vous étonne, appelez le cabinet."
    )


class PagesUnread(Refusal):
    code = "pages_unread"
    kind = Kind.CONFLICT
    field = "pages"
    words = gettext_lazy("Lisez d’abord toutes les pages : chacune a un bouton « J’ai lu cette page ».")


class NotReady(Refusal):
    """Sentences are to be ticked, or the name is to be written, perhaps again: it is another by now."""

    code = "sentences_unticked"
    kind = Kind.CONFLICT
    field = "sentences"
    words = gettext_lazy("Cochez d’abord chaque phrase et écrivez votre nom.")


def check_signer(consent: Consent, user: User) -> Signer:
    """Raises ConsentOver, MayNotSign."""
    if not consent.is_open:
        raise ConsentOver
    signer = signer_of(user, consent)
    if signer is None:
        raise MayNotSign
    return signer


def draft_of(consent: Consent, user: User) -> ConsentDraft:
    """Of the document's present bytes; unsaved and empty without one."""
    sha256 = consent.document.file.sha256
    found = ConsentDraft.objects.filter(consent=consent, user=user, sha256=sha256).first()
    return found or ConsentDraft(consent=consent, user=user, sha256=sha256)


def sentences_for(consent: Consent, signer: Signer) -> list[str]:
    """The document's own; whoever signs for somebody also declares the right to."""
    patient = consent.document.patient.full_name
    declares = {
        SignedAs.PATIENT: [],
        SignedAs.GUARDIAN: [
            _("Je suis titulaire de l’autorité parentale sur %(patient)s, ou son représentant légal.")
            % {"patient": patient}
        ],
        SignedAs.HOLDER: [_("%(patient)s m’a demandé de signer ce document à sa place.") % {"patient": patient}],
    }
    return [*consent.sentences, *declares[signer.signed_as]]


def unread_pages(consent: Consent, draft: ConsentDraft) -> list[int]:
    read = set(draft.pages)
    return [page for page in range(1, (consent.document.page_count or 1) + 1) if page not in read]


@transaction.atomic
def note_pages_read(*, consent: Consent, pages: Collection[int], by: User) -> ConsentDraft:
    """The person confirms having read these pages. Raises ConsentOver, MayNotSign."""
    consent = locked_consent(consent)
    check_signer(consent, by)
    draft = draft_of(consent, by)
    there = range(1, (consent.document.page_count or 1) + 1)
    draft.pages = sorted({*draft.pages, *(page for page in pages if page in there)})
    draft.changed_at = timezone.now()
    draft.save()
    return draft


@transaction.atomic
def fill_in(
    *, consent: Consent, ticked: Collection[str], name: str, drawn: UploadedFile[bytes] | None, by: User
) -> ConsentDraft:
    """Tick the sentences and write the name; `drawn`: a picture of the signature, if the person drew one.

    Raises ConsentOver, MayNotSign, PagesUnread; ValidationError by field; files.intake.Refused for the picture.
    """
    consent = locked_consent(consent)
    signer = check_signer(consent, by)
    draft = draft_of(consent, by)
    if unread_pages(consent, draft):
        raise PagesUnread
    errors: dict[str, str] = {}
    if set(sentences_for(consent, signer)) - set(ticked):
        errors["sentences"] = _("Cochez chaque phrase, ou refusez de signer au bas de cette page.")
    draft.name = composed(name).strip()
    if why := _fault_of_name(draft.name, signer):
        errors["name"] = why
    if errors:
        raise ValidationError(errors)
    draft.drawn = clean_signature_image(drawn) if drawn else None
    draft.ticked = sentences_for(consent, signer)
    draft.ticked_at = draft.changed_at = timezone.now()
    draft.save()
    return draft


def check_ready(consent: Consent, user: User) -> tuple[Signer, ConsentDraft]:
    """Raises ConsentOver, MayNotSign, PagesUnread, NotReady."""
    signer, draft = check_signer(consent, user), draft_of(consent, user)
    if unread_pages(consent, draft):
        raise PagesUnread
    is_same = draft.ticked == sentences_for(consent, signer)  # or the capacity or the language changed since
    if draft.ticked_at is None or not is_same or _fault_of_name(draft.name, signer):  # a corrected name
        raise NotReady
    return signer, draft


def end_old_drafts() -> int:
    """Those untouched for 30 days; returns their number."""
    return ConsentDraft.objects.filter(changed_at__lt=timezone.now() - LIFETIME).delete()[0]


def _fault_of_name(typed: str, signer: Signer) -> str:
    if not typed:
        return _("Écrivez votre prénom et votre nom : ils figureront sur le document.")
    if len(typed) > MAX_NAME:
        return _("Ce nom dépasse 200 caractères. Raccourcissez-le.")
    if not any(map(str.isalpha, typed)):
        return _("Écrivez votre prénom et votre nom en lettres : ils figureront sur le document.")
    if signer.name and joined(kept(typed)) != joined(kept(signer.name)):
        return _("Écrivez le nom tel que le cabinet le connaît : %(name)s.") % {"name": signer.name}
    return ""
