"""Every live way to something of a record: accounts, holders who booked, links without account, the invitation.

Staff see the list on the patient's page and on the appointment's, each with the proof it stands on, and end any of
them. What is not in this list opens nothing.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from appointments.authorisation import check_may_end_access, exclude_holder, lift_exclusion, withdraw_authorisation
from appointments.models import Appointment, HolderAuthorisation
from appointments.recipients import receives_as_booker
from documents import messages
from documents.models import DocumentLink, SharedDocument
from documents.models.autosend import LinkEnd
from documents.models.shared import SharedDocumentQuerySet
from documents.sending.links import end_links, links_of
from documents.sharing.access import seen_by_holders
from documents.sharing.corrections import announce_untold
from patients.invitations import end_live_invitation, why_closed
from patients.models import Invitation, InvitationEnd, Patient, RecordTie, TieEnd
from patients.ties import end_tie


class AccessKind(StrEnum):
    ACCOUNT = "account"  # tied to the record
    LINK = "link"  # without account, to the documents of one automatic sending
    INVITATION = "invitation"  # lets whoever proves the contacts and the birth date tie an account
    HOLDER = "holder"  # booked for the patient


class StandsOn(StrEnum):
    EMAIL = "email"
    MOBILE = "mobile"
    BIRTH_DATE = "birth_date"
    AUTHORISATION = "authorisation"  # of staff, for one appointment
    BOOKED_FOR_MINOR = "booked_for_minor"


@dataclass(frozen=True)
class Access:
    """`account`: who has it, where that is an account; `contacts`: else where it was sent. `suspended`: since when
    only what was shared before is seen; `unproved`: what of the record is still to be proved. `appointment`: the only
    one it opens, where it is only one."""

    id: uuid.UUID
    kind: AccessKind
    stands_on: tuple[StandsOn, ...]
    since: datetime
    what: RecordTie | DocumentLink | Invitation | HolderAuthorisation | User
    account: User | None = None
    contacts: tuple[str, ...] = ()
    relationship: str = ""
    suspended: datetime | None = None
    unproved: tuple[StandsOn, ...] = ()
    appointment: Appointment | None = None
    to_holder: bool = False


def accesses_to(patient: Patient) -> list[Access]:
    """Accounts first, then holders, links, the invitation; of each kind the newest first."""
    return [*_accounts(patient), *_holders(patient), *_links(patient), *_invitations(patient)]


@transaction.atomic
def end_access(*, patient: Patient, access_id: uuid.UUID, by: User) -> bool:
    """Nobody gets in by it any more, from the next request on; the trail says so. False if it is not in the list.

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
            # It goes to contacts that the account has proved.
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
    """One that opens nothing while the contacts are in doubt, and would again once staff confirm them."""
    links = DocumentLink.objects.filter(pk=link_id, appointment__patient=patient, revoked_at=None)
    there = links.exists()
    end_links(links, reason=LinkEnd.STAFF, by=by)
    return there


def _accounts(patient: Patient) -> list[Access]:
    live = patient.ties.live().filter(user__is_active=True)
    ties = live.select_related("user", "patient").order_by("-tied_at", "-id")
    return [
        Access(
            id=tie.pk,
            kind=AccessKind.ACCOUNT,
            stands_on=(StandsOn.EMAIL, StandsOn.MOBILE, StandsOn.BIRTH_DATE),
            since=tie.tied_at,
            what=tie,
            account=tie.user,
            relationship=tie.get_relationship_display(),
            suspended=tie.suspended_at,
            unproved=tuple(map(StandsOn, tie.unproved())) if tie.suspended_at else (),
        )
        for tie in ties
    ]


def _holders(patient: Patient) -> list[Access]:
    authorisations = HolderAuthorisation.objects.filter(
        appointment__patient=patient, withdrawn_at=None, holder__is_active=True
    ).select_related("holder", "appointment__practice")
    by_authorisation = [
        Access(
            id=one.pk,
            kind=AccessKind.HOLDER,
            stands_on=(StandsOn.AUTHORISATION,),
            since=one.authorised_at,
            what=one,
            account=one.holder,
            appointment=one.appointment,
        )
        for one in authorisations.order_by("-authorised_at", "-id")
    ]
    return by_authorisation + [
        Access(
            id=uuid.uuid5(patient.pk, str(holder.pk)),
            kind=AccessKind.HOLDER,
            stands_on=(StandsOn.BOOKED_FOR_MINOR,),
            since=since,
            what=holder,
            account=holder,
        )
        for holder, since in _holders_of_a_minor(patient)
    ]


def _holders_of_a_minor(patient: Patient) -> list[tuple[User, datetime]]:
    """Who sees documents because they booked for the minor, or will see those that come; and since when."""
    seen = seen_by_holders(patient).filter(authorisation=None).select_related("holder").order_by("-shared_at")
    since = {one.holder: one.shared_at for one in seen if one.holder} | receives_as_booker(patient)
    return sorted(since.items(), key=lambda one: (one[0].date_joined, one[0].pk))


def _links(patient: Patient) -> list[Access]:
    return [
        Access(
            id=link.pk,
            kind=AccessKind.LINK,
            stands_on=(
                *([StandsOn.EMAIL] if link.email else []),
                *([StandsOn.MOBILE] if link.mobile else []),
                *([StandsOn.AUTHORISATION] if link.authorisation else []),
            ),
            since=link.created_at,
            what=link,
            contacts=tuple(filter(None, (link.email, link.mobile))),
            appointment=link.appointment,
            to_holder=link.holder is not None,
        )
        for link in links_of(patient)
    ]


def _invitations(patient: Patient) -> list[Access]:
    return [
        Access(
            id=one.pk,
            kind=AccessKind.INVITATION,
            stands_on=(StandsOn.EMAIL, StandsOn.MOBILE, StandsOn.BIRTH_DATE),
            since=one.created_at,
            what=one,
            contacts=(one.email, one.mobile),
        )
        for one in patient.invitations.live().select_related("patient__practice")
        if why_closed(one) in (None, "expired")  # whoever has the mailbox can renew an expired one
    ]


def follow_guardian(sender: type[RecordTie], patient: Patient, guardian: User, by: User, **kwargs: Any) -> None:
    """Whoever was wrongly tied as a guardian booked for the record by that tie: what came of it ends with it (signal
    `guardian_ended`)."""
    _end_holder(patient, guardian, by)


def follow_proof(sender: type[RecordTie], patient: Patient, guardian: User, **kwargs: Any) -> None:
    """Signal `guardian_proved`."""
    readmit_holder(patient=patient, holder=guardian, by=guardian)


@transaction.atomic
def readmit_holder(*, patient: Patient, holder: User, by: User) -> bool:
    """What was ended by `end_access` for somebody who booked for the minor is seen again, and later documents go to
    them; links stay closed. False where nothing had been ended. Raises NotAllowed."""
    patient = Patient.objects.select_for_update().select_related("practice").get(pk=patient.pk)
    lifted = lift_exclusion(patient=patient, holder=holder, by=by)
    if lifted:
        _held_of_a_minor(patient, holder).update(holder_ended_at=None)
        announce_untold(_held_of_a_minor(patient, holder), by)
    return lifted


def _end_holder(patient: Patient, holder: User, by: User) -> None:
    exclude_holder(patient=patient, holder=holder, by=by)
    theirs = _held_of_a_minor(patient, holder).filter(holder_ended_at=None)
    messages.call_off(theirs)
    theirs.update(holder_ended_at=timezone.now())
    links = DocumentLink.objects.filter(appointment__patient=patient, holder=holder, authorisation=None)
    end_links(links, reason=LinkEnd.STAFF, by=by)


def _held_of_a_minor(patient: Patient, holder: User) -> SharedDocumentQuerySet:
    """Of a closed account, too: it may be opened again."""
    return SharedDocument.objects.filter(patient=patient, audience="holder", holder=holder, authorisation=None)
