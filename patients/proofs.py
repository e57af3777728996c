"""Which contacts of a record an account has proved, so that staff know before they rely on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db.models import Q, QuerySet

from accounts.models import User
from patients.models import Invitation, InvitationEnd, Patient, RecordTie
from schema.composed import composed_once


@dataclass(frozen=True)
class Proofs:
    """For the record's current contacts; `invited_at`: when a pending invitation to them was sent."""

    email: bool
    mobile: bool
    invited_at: datetime | None


def has_proved(user: User, *, email: str | None, mobile: str | None) -> bool:
    """Whether these are the account's own, proved contacts."""
    if not email or not mobile or user.mobile != mobile or user.mobile_verified_at is None:
        return False
    return bool(EmailAddress.objects.filter(user=user, email__iexact=email, verified=True).exists())


@composed_once
def _invitations(patient: UUID) -> QuerySet[Invitation]:
    """Those that stand or were followed."""
    return Invitation.objects.filter(Q(ended_at=None) | Q(end=InvitationEnd.ACCEPTED), patient=patient)


def proofs_of(patient: Patient, *, ties: Sequence[RecordTie] | None = None) -> Proofs:
    """A tie proves the contacts it was created with; its account proves newer ones by accepting an invitation.

    `ties`: the live ones of the record, if the caller has read them."""
    ties = list(patient.ties.live()) if ties is None else ties
    tied = {tie.user_id for tie in ties}
    invitations = _invitations(patient.pk)
    followed = [one for one in invitations if one.accepted_by_id in tied]
    emails = {tie.proved_email.lower() for tie in ties} | {one.email.lower() for one in followed}
    mobiles = {tie.proved_mobile for tie in ties} | {one.mobile for one in followed}
    return Proofs(
        email=(patient.email or "").lower() in emails,
        mobile=patient.mobile in mobiles,
        invited_at=next((one.created_at for one in invitations if one.is_open), None),
    )
