"""All live accesses to a record: accounts, holders who booked, links without account, the invitation.

Staff see the list on the patient's and on the appointment's page, each access with the proof it depends on, and can
end any of them. Anything not in this list opens nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from appointments.authorisation import check_may_end_access, exclude_holder, lift_exclusion, withdraw_authorisation
from appointments.models import Appointment, HolderAuthorisation
from appointments.recipients import receives_as_booker
from documents import messages
from documents.models import DocumentLink, SharedDocument
from documents.models.autosend import LinkEnd
from documents.models.shared import SharedDocumentQuerySet
from documents.receiving.access import asked_by_link
from documents.sending.links import documents_of, end_links, links_of
from documents.sharing.access import seen_by_holders
from documents.sharing.corrections import announce_missed
from patients.invitations import end_live_invitation, why_closed
from patients.models import Invitation, InvitationEnd, Patient, RecordTie, TieEnd
from patients.ties import end_tie
from schema.composed import composed_once


class AccessKind(StrEnum):
    ACCOUNT = "account"  # tied to the record
    LINK = "link"  # without account, to what one automatic message sends and asks
    INVITATION = "invitation"  # whoever proves the contacts and the birth date may tie an account
    HOLDER = "holder"  # an account that booked for the patient


class AccessBasis(StrEnum):
    EMAIL = "email"
    MOBILE = "mobile"
    BIRTH_DATE = "birth_date"
    AUTHORISATION = "authorisation"  # by staff, for one appointment
    BOOKED_FOR_MINOR = "booked_for_minor"


@dataclass(frozen=True)
class Access:
    """`account`: the account that has it; `contacts`: otherwise, where it was sent. `suspended`: since when it shows
    only what was shared before; `unproved`: the contacts of the record still to be proved. `appointment`: the only
    one it opens, if there is just one. `leads_to`: the titles of what a link shows, or what it asks for."""

    id: uuid.UUID
    kind: AccessKind
    stands_on: tuple[AccessBasis, ...]
    since: datetime
    what: RecordTie | DocumentLink | Invitation | HolderAuthorisation | User
    account: User | None = None
    contacts: tuple[str, ...] = ()
    relationship: str = ""
    suspended: datetime | None = None
    unproved: tuple[AccessBasis, ...] = ()
    appointment: Appointment | None = None
    to_holder: bool = False
    leads_to: tuple[str, ...] = ()


def accesses_to(patient: Patient, *, ties: Sequence[RecordTie] | None = None) -> list[Access]:
    """Accounts first, then holders, links, the invitation; within each kind, newest first.

    `ties`: what `live_ties` returns, if the caller has read it."""
    ties = live_ties(patient) if ties is None else ties
    return [*_accounts(ties), *_holders(patient), *_links(patient), *_invitations(patient)]


@transaction.atomic
def end_access(*, patient: Patient, access_id: uuid.UUID, by: User) -> bool:
    """End an access, from the next request on, with a line in the trail. False if it is not in the list.

    Raises NotAllowed.
    """
    check_may_end_access(patient.practice, by)
    patient = Patient.objects.select_for_update().select_related("practice").get(pk=patient.pk)
    access = next((one for one in accesses_to(patient) if one.id == access_id), None)
    if access is None:
        return _end_waiting_link(patient, access_id, by)
    match access.what:
        case RecordTie() as tie:
            end_tie(tie=tie, reason=TieEnd.STAFF, by=by)
            # The invitation goes to contacts that the account has proved.
            end_live_invitation(patient=patient, reason=InvitationEnd.WITHDRAWN, by=by)
        case DocumentLink() as link:
            end_links(DocumentLink.objects.filter(pk=link.pk), reason=LinkEnd.STAFF, by=by)
        case Invitation():
            end_live_invitation(patient=patient, reason=InvitationEnd.WITHDRAWN, by=by)
        case HolderAuthorisation() as authorisation:
            withdraw_authorisation(appointment=authorisation.appointment, by=by)
        case User() as holder:
            _end_holder(patient, holder, by)
    return True


def _end_waiting_link(patient: Patient, link_id: uuid.UUID, by: User) -> bool:
    """End a link that opens nothing while the contacts are in doubt, but would open again once staff confirm them."""
    links = DocumentLink.objects.filter(pk=link_id, appointment__patient=patient, revoked_at=None)
    there = links.exists()
    end_links(links, reason=LinkEnd.STAFF, by=by)
    return there


def live_ties(patient: Patient) -> list[RecordTie]:
    """Newest first; those of closed accounts too."""
    return _live_ties(patient.pk)


@composed_once
def _live_ties(patient: uuid.UUID) -> QuerySet[RecordTie]:
    return (
        RecordTie.objects.live().filter(patient=patient).select_related("user", "patient").order_by("-tied_at", "-id")
    )


def _accounts(ties: Sequence[RecordTie]) -> list[Access]:
    return [
        Access(
            id=tie.pk,
            kind=AccessKind.ACCOUNT,
            stands_on=(AccessBasis.EMAIL, AccessBasis.MOBILE, AccessBasis.BIRTH_DATE),
            since=tie.tied_at,
            what=tie,
            account=tie.user,
            relationship=tie.get_relationship_display(),
            suspended=tie.suspended_at,
            unproved=tuple(map(AccessBasis, tie.unproved())) if tie.suspended_at else (),
        )
        for tie in ties
        if tie.user.is_active
    ]


def _holders(patient: Patient) -> list[Access]:
    by_authorisation = [
        Access(
            id=one.pk,
            kind=AccessKind.HOLDER,
            stands_on=(AccessBasis.AUTHORISATION,),
            since=one.authorised_at,
            what=one,
            account=one.holder,
            appointment=one.appointment,
        )
        for one in _authorisations(patient.pk)
    ]
    return by_authorisation + [
        Access(
            id=uuid.uuid5(patient.pk, str(holder.pk)),
            kind=AccessKind.HOLDER,
            stands_on=(AccessBasis.BOOKED_FOR_MINOR,),
            since=since,
            what=holder,
            account=holder,
        )
        for holder, since in _holders_of_a_minor(patient)
    ]


@composed_once
def _authorisations(patient: uuid.UUID) -> QuerySet[HolderAuthorisation]:
    live = HolderAuthorisation.objects.filter(appointment__patient=patient, withdrawn_at=None, holder__is_active=True)
    return live.select_related("holder", "appointment__practice").order_by("-authorised_at", "-id")


def _holders_of_a_minor(patient: Patient) -> list[tuple[User, datetime]]:
    """Accounts that see documents, or will see future ones, because they booked for the minor; with the first
    date."""
    since = {one.holder: one.shared_at for one in _of_a_minor(patient.pk) if one.holder} | receives_as_booker(patient)
    return sorted(since.items(), key=lambda one: (one[0].date_joined, one[0].pk))


@composed_once
def _of_a_minor(patient: uuid.UUID) -> QuerySet[SharedDocument]:
    seen = seen_by_holders(patient).filter(authorisation=None)
    return seen.select_related("holder").order_by("-shared_at")


def _links(patient: Patient) -> list[Access]:
    return [
        Access(
            id=link.pk,
            kind=AccessKind.LINK,
            stands_on=(
                *([AccessBasis.EMAIL] if link.email else []),
                *([AccessBasis.MOBILE] if link.mobile else []),
                *([AccessBasis.AUTHORISATION] if link.authorisation else []),
            ),
            since=link.created_at,
            what=link,
            contacts=tuple(filter(None, (link.email, link.mobile))),
            appointment=link.appointment,
            to_holder=link.holder is not None,
            leads_to=leads_to,
        )
        for link in links_of(patient)
        if (leads_to := _leads_to(link))
    ]


def _leads_to(link: DocumentLink) -> tuple[str, ...]:
    titles = documents_of(link).values_list("shared__title", flat=True)
    return tuple(titles) or tuple(one.label for one in asked_by_link(link))


def _invitations(patient: Patient) -> list[Access]:
    return [
        Access(
            id=one.pk,
            kind=AccessKind.INVITATION,
            stands_on=(AccessBasis.EMAIL, AccessBasis.MOBILE, AccessBasis.BIRTH_DATE),
            since=one.created_at,
            what=one,
            contacts=(one.email, one.mobile),
        )
        for one in _live_invitations(patient.pk)
        if why_closed(one) in (None, "expired")  # whoever has the mailbox can renew an expired invitation
    ]


@composed_once
def _live_invitations(patient: uuid.UUID) -> QuerySet[Invitation]:
    return Invitation.objects.live().filter(patient=patient).select_related("patient__practice")


def follow_guardian(sender: type[RecordTie], patient: Patient, guardian: User, by: User, **kwargs: Any) -> None:
    """After an account tied wrongly as guardian loses its tie, end everything that it obtained by booking for the
    record (signal `guardian_ended`)."""
    _end_holder(patient, guardian, by)


def follow_proof(sender: type[RecordTie], patient: Patient, guardian: User, **kwargs: Any) -> None:
    """Restore the access of a holder who proved to be the guardian (signal `guardian_proved`)."""
    restore_holder_access(patient=patient, holder=guardian, by=guardian)


@transaction.atomic
def restore_holder_access(*, patient: Patient, holder: User, by: User) -> bool:
    """Restore what `end_access` ended for somebody who booked for the minor, for later documents too; links stay
    closed. False if nothing had been ended. Raises NotAllowed."""
    patient = Patient.objects.select_for_update().select_related("practice").get(pk=patient.pk)
    lifted = lift_exclusion(patient=patient, holder=holder, by=by)
    if lifted:
        theirs = _held_of_a_minor(patient, holder).exclude(holder_ended_at=None)
        theirs.filter(patient_was_minor=True).update(holder_ended_at=None, holder_ended_by_age=False)
        theirs.filter(patient_was_minor=False).update(holder_ended_by_age=True)
        announce_missed(_held_of_a_minor(patient, holder), by)
    return lifted


def _end_holder(patient: Patient, holder: User, by: User) -> None:
    exclude_holder(patient=patient, holder=holder, by=by)
    theirs = _held_of_a_minor(patient, holder)
    theirs.update(holder_ended_by_age=False)  # no corrected birth date gives them back
    theirs = theirs.filter(holder_ended_at=None)
    messages.call_off(theirs)
    theirs.update(holder_ended_at=timezone.now())
    links = DocumentLink.objects.filter(appointment__patient=patient, holder=holder, authorisation=None)
    end_links(links, reason=LinkEnd.STAFF, by=by)


def _held_of_a_minor(patient: Patient, holder: User) -> SharedDocumentQuerySet:
    """Includes the documents of a closed account: it may be reopened."""
    return SharedDocument.objects.filter(patient=patient, audience="holder", holder=holder, authorisation=None)
