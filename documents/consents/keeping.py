"""What was signed stays: staff neither take back nor replace its document. Deleting its appointment deletes it,
as everything shared from it (docs/decisions/0052)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from documents.models import Consent, SharedDocument
from refusals import Kind, Refusal


class SignedByPatient(Refusal):
    code = "signed_by_patient"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Le patient a signé ce document, ou quelqu’un pour lui : il ne se retire plus. Le patient peut retirer son "
        "consentement depuis son compte."
    )


def check_not_signed(document: SharedDocument) -> None:
    """The caller has locked the document. Raises SignedByPatient."""
    consent = Consent.objects.filter(document=document).first()
    if consent is not None and consent.carries_signature:
        raise SignedByPatient


def asks_for_signature(document: SharedDocument) -> bool:
    """Whether a signature was ever asked for under these bytes."""
    return Consent.objects.filter(document=document).exists()


def carries_patients_signature(document: SharedDocument) -> bool:
    """Needs the document with its consent."""
    consent: Consent | None = getattr(document, "consent", None)
    return consent is not None and consent.carries_signature
