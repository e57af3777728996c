"""Who signs a document that asks for the patient's signature: one function decides.

The table of recipients (appointments/recipients.py), mirrored; whoever signs also sees the document.

| account | signs as |
| --- | --- |
| has proved the record of an adult as its own | the patient |
| the same, suspended | does not sign |
| has proved the record of a minor, not suspended | the guardian |
| booked for a minor, and the patient is still one | the guardian |
| either of them, after majority | does not sign |
| booked for an adult, authorised by staff | the booker, where the practice allows it |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from documents.models import Consent, SharedDocument, SignedAs
from documents.models.shared import AudienceChoice
from documents.sharing.access import visible_as_recipient
from patients.models import RecordTie, Relationship
from schema.composed import composed_once

PARTS = ("practice", "document__file", "document__practice", "document__patient__practice", "document__holder")


@dataclass(frozen=True)
class Signer:
    """An account that may sign. `name`: of the person, "" if the site does not know it."""

    user: User
    signed_as: SignedAs
    name: str


def signer_of(user: User, consent: Consent) -> Signer | None:
    """None for an account that may not sign now. Needs the consent with its document and patient."""
    if not visible_as_recipient(user).filter(pk=consent.document_id).exists():
        return None
    tie = RecordTie.objects.proved_now().filter(user=user, patient=consent.document.patient_id).first()
    return _signer_of_seen(user, consent, tie)


def signers_of(user: User, seen: Sequence[Consent]) -> list[Signer | None]:
    """`signer_of` for each of some that `consents_seen_by` found for the account, in one statement."""
    patients = {one.document.patient_id for one in seen}
    ties = RecordTie.objects.proved_now().filter(user=user, patient__in=patients) if patients else ()
    by_patient = {one.patient_id: one for one in ties}
    return [_signer_of_seen(user, one, by_patient.get(one.document.patient_id)) for one in seen]


def _signer_of_seen(user: User, consent: Consent, tie: RecordTie | None) -> Signer | None:
    """`tie`: the account's own to the document's record."""
    document = consent.document
    minor = document.patient.is_minor_now()
    if tie is not None and minor:
        return _on_behalf(user, SignedAs.GUARDIAN)
    if tie is not None and tie.relationship == Relationship.SELF:
        return Signer(user, SignedAs.PATIENT, document.patient.full_name)
    if document.audience != AudienceChoice.HOLDER or document.holder_id != user.pk:
        return None
    if document.authorisation_id is None:
        return _on_behalf(user, SignedAs.GUARDIAN) if minor else None
    return _on_behalf(user, SignedAs.HOLDER) if consent.booker_may_sign and not minor else None


def _on_behalf(user: User, signed_as: SignedAs) -> Signer:
    return Signer(user, signed_as, f"{user.first_name} {user.last_name}".strip())


def consents_seen_by(user: User) -> QuerySet[Consent]:
    """Those of the documents that the account sees as recipient."""
    seen = visible_as_recipient(user).values("pk")
    return all_consents().filter(document__in=seen)


def consent_of(document: SharedDocument) -> Consent | None:
    """The consent of a document that the caller has found by documents.sharing.access."""
    return next(iter(_of_document(document.pk)), None)


@composed_once
def _of_document(document: UUID) -> QuerySet[Consent]:
    return all_consents().filter(document=document)


def all_consents() -> QuerySet[Consent]:
    return Consent.objects.select_related(*PARTS, "settled_by", "withdrawn_by")


def locked_consent(consent: Consent) -> Consent:
    """As the database has it now, locked. Raises Consent.DoesNotExist if its document was taken back."""
    Consent.objects.select_for_update(of=("self",)).get(pk=consent.pk)
    return all_consents().get(pk=consent.pk)
