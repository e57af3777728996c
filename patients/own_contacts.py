"""When people change their own email or mobile, updates the records that carry the former one, or asks staff.

A record follows automatically if the account's tie to it has proved the former contact: the account has just proved
the new one. If the tie is suspended, the record loses the former contact, so that nothing goes there any more, and
staff of the practice are asked to accept the new one.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.mobile import prove_mobile, replace_mobile
from accounts.models import User
from audit.trail import record
from patients import signals
from patients.invitations import end_live_invitation
from patients.models import (
    ContactProposal,
    FormerContact,
    Invitation,
    InvitationEnd,
    Patient,
    RecordTie,
    Relationship,
)
from patients.ownership import own_from_now_on
from patients.records import FormerContacts, change_patient
from patients.ties import suspend_tie
from schema.composed import composed_once


def open_proposals(patient: Patient) -> list[ContactProposal]:
    """What staff are asked about this record, with the account that changed it."""
    return _open_proposals(patient.pk)


@composed_once
def _open_proposals(patient: UUID) -> QuerySet[ContactProposal]:
    return ContactProposal.objects.filter(patient=patient, settled_at=None).select_related("user")


@transaction.atomic
def prove_new_mobile(*, user: User, mobile: str, digits: str) -> bool:
    """Check the code; if it is right, give the account the new number and update the records. Returns whether it
    is."""
    former = user.mobile
    if not prove_mobile(user=user, mobile=mobile, digits=digits):
        return False
    follow_account(user=user, contact="mobile", former=former, new=mobile)
    return True


@transaction.atomic
def replace_lost_mobile(*, invitation: Invitation) -> User | None:
    """After all proofs of an invitation, give the tied account the proved mobile. Returns the account; None if there
    is none."""
    tie = (
        RecordTie.objects.live()
        .select_related("user")
        .filter(patient=invitation.patient, user__email__iexact=invitation.email)
        .first()
    )
    if invitation.identity_checked_by is None or tie is None or tie.user.mobile == invitation.mobile:
        return None
    former = tie.user.mobile
    replace_mobile(user=tie.user, mobile=invitation.mobile, by=tie.user)
    follow_account(user=tie.user, contact="mobile", former=former, new=invitation.mobile)
    return tie.user


def follow_email(
    sender: type[User], user: User, from_email_address: Any, to_email_address: Any, **kwargs: Any
) -> None:
    """Receiver of allauth's signal `email_changed`: the account has proved its new address."""
    former = from_email_address.email if from_email_address else None
    follow_account(user=user, contact="email", former=former, new=to_email_address.email.lower())


@transaction.atomic
def follow_account(*, user: User, contact: str, former: str | None, new: str) -> None:
    """`contact`: "email" or "mobile", which the account changed from `former` and proved."""
    if not former or former.lower() == new.lower():
        return
    FormerContact.objects.create(user=user, contact=contact, value=former)
    proposed = ContactProposal.objects.filter(user=user, contact=contact, value__iexact=former, settled_at=None)
    proposed.update(value=new, made_at=timezone.now())  # staff must not accept an outdated contact
    ties = RecordTie.objects.live().filter(user=user).order_by("patient")
    for tie in ties.select_related("patient"):
        patient = Patient.objects.select_for_update().select_related("practice").get(pk=tie.patient_id)
        if (getattr(patient, contact) or "").lower() != former.lower():
            continue
        own = tie.relationship == Relationship.SELF or patient.is_minor_now()
        if own and tie.suspended_at is None:
            _take_over(tie, patient, contact, new)
        elif own:
            propose(tie, patient, contact, new)
    signals.account_contact_changed.send(sender=User, user=user, contact=contact, former=former, new=new)


@transaction.atomic
def settle_proposal(*, proposal: ContactProposal, take: bool, by: User) -> None:
    """Staff accept the new contact, or discard it. Settling twice changes nothing. Raises ValidationError."""
    proposal = ContactProposal.objects.select_for_update(of=("self",)).select_related("patient").get(pk=proposal.pk)
    if proposal.settled_at is not None:
        return
    proposal.settled_at, proposal.settled_by = timezone.now(), by
    proposal.save(update_fields=["settled_at", "settled_by"])
    if not take:
        record("contact.proposal_left", by=by, on=proposal.patient, practice=proposal.patient.practice_id)
        return
    same_person = FormerContacts.SAME_PERSON
    if proposal.contact == "email":
        change_patient(patient=proposal.patient, by=by, former_contacts=same_person, email=proposal.value)
    else:
        change_patient(patient=proposal.patient, by=by, former_contacts=same_person, mobile=proposal.value)


def _take_over(tie: RecordTie, patient: Patient, contact: str, new: str) -> None:
    former = getattr(patient, contact)
    setattr(patient, contact, new)
    patient.save(update_fields=[contact, "search_text", *own_from_now_on(patient, contact)])
    setattr(tie, f"proved_{contact}", new)
    tie.save(update_fields=[f"proved_{contact}"])
    for other in patient.ties.proved_now().exclude(pk=tie.pk):
        suspend_tie(tie=other, by=tie.user)
    _note(tie, patient, contact, former)


def propose(tie: RecordTie, patient: Patient, contact: str, new: str) -> None:
    former = getattr(patient, contact)
    setattr(patient, contact, None)
    patient.save(update_fields=[contact, "search_text"])
    ContactProposal.objects.update_or_create(
        patient=patient,
        contact=contact,
        settled_at=None,
        defaults={
            "practice_id": patient.practice_id,
            "user": tie.user,
            "value": new,
            "made_at": timezone.now(),
        },
    )
    _note(tie, patient, contact, former)


def _note(tie: RecordTie, patient: Patient, contact: str, former: str) -> None:
    record(
        "contact.changed",
        by=tie.user,
        on=patient,
        practice=patient.practice,
        detail={"fields": [contact], "by_the_account": True},
    )
    end_live_invitation(patient=patient, reason=InvitationEnd.CONTACTS_CHANGED)
    signals.contacts_changed.send(sender=Patient, patient=patient, former={contact: former}, by=tie.user)
