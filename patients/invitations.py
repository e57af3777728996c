"""Inviting whoever a record belongs to, and tying their account to it once everything is proved.

Why the link is safe: it is the invitation's id under an HMAC-SHA-256 of SECRET_KEY (django.core.signing), so a
dump of the database opens nothing; it proves the mailbox only, and a code to the mobile and the birth date are
still asked; the invitation ends with the first acceptance, with changed contacts, or after five wrong dates.
"""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.mobile import replace_mobile
from accounts.models import User
from accounts.roles import NotAllowed, may_share
from audit.trail import record
from patients.messages import send_new_link, tell_practice_invitation_stopped
from patients.models import (
    Invitation,
    InvitationEnd,
    Patient,
    RecordTie,
    Relationship,
    Relative,
    RelativeRecord,
)

LIFETIME = timedelta(days=60)
MAX_BIRTH_DATE_ATTEMPTS = 5
_signer = Signer(salt="patients.invitation", sep=".")


class InvitationOver(Exception):
    """The invitation ended meanwhile: accepted, withdrawn, contacts changed, too many tries, too old."""


class RecordAlreadyClaimed(Exception):
    """Another account has already proved that this record is its own."""


class WrongBirthDate(Exception):
    """Not the record's birth date. `left`: tries that remain before the invitation ends."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left


@transaction.atomic
def invitation_for(*, patient: Patient, by: User | None, within: uuid.UUID | None = None) -> Invitation:
    """The record's live invitation, made where there is none and renewed where it is too old.

    The record must have both contacts: it raises ValueError otherwise.
    """
    patient = Patient.objects.select_for_update().get(pk=patient.pk)
    if not (patient.email and patient.mobile):
        raise ValueError("An invitation needs the record's own email and mobile.")
    live = patient.invitations.live().first()
    if live:
        if live.expires_at < timezone.now() + LIFETIME / 2:
            live.expires_at = timezone.now() + LIFETIME
            live.save(update_fields=["expires_at"])
        return live
    invitation = Invitation.objects.create(
        patient=patient, email=patient.email, mobile=patient.mobile, expires_at=timezone.now() + LIFETIME
    )
    record("invitation.sent", by=by, on=invitation, practice=patient.practice_id, within=within)
    return invitation


@transaction.atomic
def end_live_invitation(*, patient: Patient, reason: InvitationEnd, by: User | None = None) -> bool:
    """End it; its link then leads to a page that says what to do. False where there was none."""
    live = patient.invitations.live().select_for_update().first()
    if live is None:
        return False
    _end(live, reason, by)
    return True


@transaction.atomic
def invite_again(*, patient: Patient, by: User | None, within: uuid.UUID | None = None) -> Invitation:
    """A new invitation to the record's contacts as they are now, told by email. As invitation_for."""
    invitation = invitation_for(patient=patient, by=by, within=within)
    send_new_link(invitation, invitation_url(invitation))
    return invitation


@transaction.atomic
def invite_after_identity_check(*, patient: Patient, by: User) -> Invitation:
    """For somebody who lost their telephone: staff have made sure, otherwise, that it is them.

    Whoever proves the email, the record's mobile as it is now, and the birth date, has the account's mobile replaced
    by it. Raises NotAllowed; ValueError where the record lacks a contact.
    """
    if not may_share(by, patient.practice):
        raise NotAllowed(_("Votre rôle permet de lire, pas d’inviter. Un administrateur du cabinet peut le changer."))
    end_live_invitation(patient=patient, reason=InvitationEnd.WITHDRAWN, by=by)
    invitation = invitation_for(patient=patient, by=by)
    invitation.identity_checked_by = by
    invitation.save(update_fields=["identity_checked_by"])
    record("patient.identity_checked", by=by, on=patient, practice=patient.practice_id)
    send_new_link(invitation, invitation_url(invitation))
    return invitation


@transaction.atomic
def replace_lost_mobile(*, invitation: Invitation) -> User | None:
    """Once everything is proved, the account tied to the record gets the mobile that was; None where none does."""
    tie = (
        RecordTie.objects.select_related("user")
        .filter(patient=invitation.patient, ended_at=None, user__email__iexact=invitation.email)
        .first()
    )
    if invitation.identity_checked_by is None or tie is None or tie.user.mobile == invitation.mobile:
        return None
    replace_mobile(user=tie.user, mobile=invitation.mobile, by=tie.user)
    return tie.user


def invitation_url(invitation: Invitation) -> str:
    """The absolute link that the email carries."""
    token = _signer.sign(str(invitation.pk))
    return str(settings.PUBLIC_URL) + reverse("patient:invitation", kwargs={"token": token})


def find_invitation(token: str) -> Invitation | None:
    """The invitation of a link, over or not; None where the link was never ours."""
    try:
        pk = uuid.UUID(_signer.unsign(token))
    except (BadSignature, ValueError):
        return None
    return Invitation.objects.select_related("patient__practice").filter(pk=pk).first()


@transaction.atomic
def renew_invitation(*, invitation: Invitation) -> bool:
    """A new link to the same address, for a link that grew too old. False where it ended for another reason."""
    current = (
        Invitation.objects.select_for_update(of=("self",)).select_related("patient__practice").get(pk=invitation.pk)
    )
    if current.ended_at is not None:
        return False
    if current.is_open:
        return True  # asked twice: the new link is on its way
    current.expires_at = timezone.now() + LIFETIME
    current.save(update_fields=["expires_at"])
    record("invitation.sent", by=None, on=current, practice=current.patient.practice_id)
    send_new_link(current, invitation_url(current))
    return True


def prove_birth_date(*, invitation: Invitation, birth_date: date) -> None:
    """Compare with the record's. Each call counts; the fifth wrong one ends the invitation.

    Raises WrongBirthDate, InvitationOver. Not atomic around the raise: a wrong try must stay counted.
    """
    with transaction.atomic():
        current = Invitation.objects.select_for_update(of=("self",)).select_related("patient").get(pk=invitation.pk)
        if not current.is_open:
            raise InvitationOver
        right = current.patient.birth_date == birth_date
        if not right:
            Invitation.objects.filter(pk=current.pk).update(birth_date_attempts=F("birth_date_attempts") + 1)
            left = MAX_BIRTH_DATE_ATTEMPTS - current.birth_date_attempts - 1
            if left == 0:
                _end(current, InvitationEnd.TOO_MANY_ATTEMPTS, None)
                tell_practice_invitation_stopped(current)
    if not right:
        raise WrongBirthDate(left)


@transaction.atomic
def accept_invitation(*, invitation: Invitation, user: User, birth_date: date) -> RecordTie:
    """Tie the account to the record. The door has seen the link (email) and the code (mobile) proved.

    A minor's record is tied as its guardian's. Raises InvitationOver, WrongBirthDate, RecordAlreadyClaimed.
    """
    current = (
        Invitation.objects.select_for_update(of=("self",)).select_related("patient__practice").get(pk=invitation.pk)
    )
    patient = current.patient
    if not current.is_open or (patient.email, patient.mobile) != (current.email, current.mobile):
        raise InvitationOver
    if patient.birth_date != birth_date:
        raise WrongBirthDate(MAX_BIRTH_DATE_ATTEMPTS - current.birth_date_attempts)
    relationship = Relationship.GUARDIAN if patient.is_minor_now() else Relationship.SELF
    own = patient.ties.filter(ended_at=None, relationship=Relationship.SELF).exclude(user=user)
    if relationship == Relationship.SELF and own.exists():
        raise RecordAlreadyClaimed
    # A child's own account becomes the adult's: what it proved as a minor's is replaced by what it proves now.
    patient.ties.filter(user=user, ended_at=None).exclude(relationship=relationship).update(ended_at=timezone.now())
    tie, made = RecordTie.objects.get_or_create(
        user=user,
        patient=patient,
        ended_at=None,
        defaults={
            "relationship": relationship,
            "proved_email": current.email,
            "proved_mobile": current.mobile,
        },
    )
    _end(current, InvitationEnd.ACCEPTED, user)
    if relationship == Relationship.SELF and user.birth_date is None:
        user.birth_date = birth_date
        user.save(update_fields=["birth_date"])
    if made:
        if relationship == Relationship.GUARDIAN:
            _offer_for_booking(user, patient)
        record(
            "record.tied",
            by=user,
            on=patient,
            practice=patient.practice_id,
            detail={"relationship": relationship},
        )
    return tie


def _offer_for_booking(guardian: User, patient: Patient) -> None:
    """A guardian books online for the child whose record they proved: it is this record."""
    relative = Relative.objects.create(
        holder=guardian,
        first_name=patient.first_name,
        last_name=patient.last_name,
        birth_date=patient.birth_date,
    )
    RelativeRecord.objects.create(
        relative=relative, practice=patient.practice, patient=patient, made_by_booking=False
    )


def _end(invitation: Invitation, reason: InvitationEnd, by: User | None) -> None:
    invitation.ended_at = timezone.now()
    invitation.end = reason
    invitation.accepted_by = by if reason == InvitationEnd.ACCEPTED else None
    invitation.save(update_fields=["ended_at", "end", "accepted_by"])
    if reason != InvitationEnd.ACCEPTED:
        record(
            "invitation.stopped",
            by=by,
            on=invitation,
            practice=invitation.patient.practice_id,
            detail={"reason": reason.value, "patient": str(invitation.patient_id)},
        )
