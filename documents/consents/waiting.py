"""Consents that wait: for an account to sign, or for staff to see that nobody signed."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from audit.trail import record
from documents.consents.access import Signer, all_consents, consents_seen_by, locked_consent, signers_of
from documents.models import Consent, ConsentState
from documents.sharing.uploads import check_may_share
from practices.models import Practice


@dataclass(frozen=True)
class AskedConsent:
    """A consent as an account finds it. `signer`: None if it is signed, refused or withdrawn."""

    consent: Consent
    signer: Signer | None

    @property
    def is_to_do(self) -> bool:
        return self.signer is not None


def consents_of(user: User) -> list[AskedConsent]:
    """What the account is to sign, the newest first, then what is settled; not what only somebody else may sign."""
    seen = consents_seen_by(user).select_related("document__appointment").order_by("-asked_at", "-id")
    standing = [one for one in seen if one.is_open]
    to_do = [
        AskedConsent(one, signer) for one, signer in zip(standing, signers_of(user, standing), strict=True) if signer
    ]
    return to_do + [AskedConsent(one, None) for one in seen if not one.is_open]


def consents_to_see_to(user: User, practice: Practice) -> QuerySet[Consent]:
    """Consents that were refused or withdrawn, or are still not signed though the appointment is near or over, and
    that no member of staff has noted; by appointment. None if the user is not in the practice."""
    theirs = Consent.objects.to_see_to().filter(practice__in=Practice.objects.of(user).filter(pk=practice.pk))
    related = theirs.select_related("practice", "document__appointment__practice", "document__patient")
    return related.order_by("document__appointment__starts_at", "id")


def consents_of_staff(user: User) -> QuerySet[Consent]:
    if not user.is_active:
        return Consent.objects.none()
    return all_consents().filter(pk__in=Consent.objects.of_staff(user).values("pk"))


@transaction.atomic
def note_seen(*, consent: Consent, by: User) -> Consent:
    """Staff saw that it waits, or that it was refused or withdrawn: it is nothing to see to any more, until the
    person answers. Raises practices.roles.NotAllowed; Consent.DoesNotExist if the document was taken back."""
    check_may_share(consent.document.appointment, by)
    current = locked_consent(consent)
    if current.seen_at is not None or current.state == ConsentState.SIGNED:
        return current
    current.seen_at = timezone.now()
    current.save(update_fields=["seen_at"])
    record(
        "consent.seen",
        by=by,
        on=current,
        practice=current.practice_id,
        within=current.document.appointment_id,
        detail={"document": str(current.document_id), "state": current.state},
    )
    return current
