"""Invites the owner of a record's contacts, and ties their account to the record once everything is proved.

Why the link is safe: it is the invitation's id with an HMAC-SHA-256 under SECRET_KEY (django.core.signing), so a dump
of the database opens nothing. It proves the mailbox only; a code to the mobile and the birth date are required, too.
The invitation ends with the first acceptance and when contacts change. Wrong birth dates count for the record: after
five, none of its invitations opens until staff confirm or correct the contacts.
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
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from audit.trail import record
from notifications.models import Message
from notifications.outbox import call_off
from patients import signals
from patients.birth_dates import check_birth_date
from patients.messages import plan_invitation_stopped_messages, send_new_link
from patients.models import (
    Invitation,
    InvitationEnd,
    Patient,
    RecordTie,
    Relationship,
    Relative,
    RelativeRecord,
    TieEnd,
)
from patients.ownership import CONTACTS, MAX_BIRTH_DATE_ATTEMPTS, equals_one_of, own_from_now_on, recorded_in_minority
from patients.ties import end_tie, renew_tie
from practices.roles import require_sharer
from refusals import Kind, Refusal

LIFETIME = timedelta(days=60)
_signer = Signer(salt="patients.invitation", sep=".")


class InvitationOver(Refusal):
    """The invitation has ended: accepted, withdrawn, contacts changed, too many tries, too old."""

    code = "invitation_over"
    kind = Kind.GONE
    words = gettext_lazy("Ce lien n’est plus valable. Si un autre message vous est parvenu depuis, suivez le sien.")


class RecordAlreadyClaimed(Refusal):
    """Another account has already proved that this record is its own."""

    code = "record_already_claimed"
    kind = Kind.CONFLICT
    words = gettext_lazy("Ces documents sont déjà liés à un autre compte")


class BookedForSomebodyElse(Refusal):
    """The account booked for this adult as a relative: the record is not its own, even if it proves the contacts."""

    code = "booked_for_somebody_else"
    kind = Kind.CONFLICT
    words = gettext_lazy("Ces documents sont ceux d’une autre personne")


class WrongBirthDate(Refusal):
    """The record has another birth date. `left`: remaining tries before the invitation ends."""

    code = "wrong_birth_date"
    kind = Kind.INVALID

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left

    @property
    def sentence(self) -> str:
        return ngettext(
            "Ce n’est pas la date de naissance connue du cabinet. Il vous reste %(left)d essai.",
            "Ce n’est pas la date de naissance connue du cabinet. Il vous reste %(left)d essais.",
            self.left,
        ) % {"left": self.left}


@transaction.atomic
def invitation_for(*, patient: Patient, by: User | None, within: uuid.UUID | None = None) -> Invitation:
    """The record's live invitation; creates one if there is none, renews it if it is too old.

    Raises ValueError unless the record has both contacts.
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
    """End it; its link then leads to a page that says what to do. False if there was none."""
    live = patient.invitations.live().select_for_update().first()
    if live is None:
        return False
    _end(live, reason, by)
    call_off(Message.objects.filter(about=live.pk))
    return True


@transaction.atomic
def invite_again(*, patient: Patient, by: User | None, within: uuid.UUID | None = None) -> Invitation:
    """A new invitation to the record's current contacts, sent by email. Raises as invitation_for."""
    invitation = invitation_for(patient=patient, by=by, within=within)
    send_new_link(invitation, invitation_url(invitation))
    return invitation


@transaction.atomic
def invite_after_identity_check(*, patient: Patient, by: User) -> Invitation:
    """Invite a patient who lost their telephone, after staff have checked their identity otherwise.

    After proving the email, the record's current mobile, and the birth date, the account's mobile is replaced by the
    record's. Raises NotAllowed; ValueError if the record lacks a contact.
    """
    refusal = _("Votre rôle permet de lire, pas d’inviter. Un administrateur du cabinet peut le changer.")
    require_sharer(by, patient.practice, refusal)
    patient = Patient.objects.select_for_update().select_related("practice").get(pk=patient.pk)
    patient.save(update_fields=own_from_now_on(patient, *CONTACTS))  # the person whom staff identified owns them
    end_live_invitation(patient=patient, reason=InvitationEnd.WITHDRAWN, by=by)
    invitation = invitation_for(patient=patient, by=by)
    invitation.identity_checked_by = by
    invitation.save(update_fields=["identity_checked_by"])
    record("patient.identity_checked", by=by, on=patient, practice=patient.practice_id)
    send_new_link(invitation, invitation_url(invitation))
    return invitation


def invitation_url(invitation: Invitation) -> str:
    """The absolute link in the email."""
    token = _signer.sign(str(invitation.pk))
    return str(settings.PUBLIC_URL) + reverse("patient:invitation", kwargs={"token": token})


def find_invitation(token: str) -> Invitation | None:
    """The invitation of a link, ended or not; None if this site never issued the link."""
    try:
        pk = uuid.UUID(_signer.unsign(token))
    except (BadSignature, ValueError):
        return None
    return Invitation.objects.select_related("patient__practice").filter(pk=pk).first()


@transaction.atomic
def renew_invitation(*, invitation: Invitation) -> bool:
    """Send a new link to the same address if the link has expired. False if the invitation ended for another
    reason."""
    current = _locked(invitation)
    match why_closed(current):
        case None:
            return True  # requested twice: the new link is on its way
        case "expired":
            pass
        case _:
            return False
    current.expires_at = timezone.now() + LIFETIME
    current.save(update_fields=["expires_at"])
    record("invitation.sent", by=None, on=current, practice=current.patient.practice_id)
    send_new_link(current, invitation_url(current))
    return True


def why_closed(invitation: Invitation) -> str | None:
    """Why the invitation no longer opens: an InvitationEnd, or "expired". None while it is open."""
    if invitation.end:
        return invitation.end
    if not invitation.is_open:
        return "expired"
    patient = invitation.patient
    if patient.birth_date_attempts >= MAX_BIRTH_DATE_ATTEMPTS:
        return InvitationEnd.TOO_MANY_ATTEMPTS.value
    if patient.access_ended:
        return InvitationEnd.WITHDRAWN.value
    if recorded_in_minority(patient):
        return InvitationEnd.MAJORITY.value
    return None


def suspended_tie(*, invitation: Invitation, user: User) -> RecordTie | None:
    """The account's suspended tie to the record that only lacks proof of these contacts; None if there is none, or if
    the birth date must be proved again, too."""
    waiting = RecordTie.objects.suspended().filter(user=user, patient=invitation.patient_id)
    return waiting.filter(proved_birth_date=F("patient__birth_date")).first()


@transaction.atomic
def prove_new_contacts(*, invitation: Invitation, user: User) -> None:
    """Renew a suspended tie: the link and the code have proved the record's new contacts.

    The tie proved the record's birth date before. Raises InvitationOver, BookedForSomebodyElse.
    """
    current = _locked(invitation)
    tie = suspended_tie(invitation=current, user=user)
    if tie is None or why_closed(current) or not _goes_to_todays_contacts(current):
        raise InvitationOver
    if tie.shows_only is not None and tie.relationship == Relationship.SELF:
        _check_is_nobody_elses(current, user)  # a record that became part of this one may be of a booker's relative
    renew_tie(tie, email=current.email, mobile=current.mobile, birth_date=current.patient.birth_date)
    _prove_contacts(current)
    _end(current, InvitationEnd.ACCEPTED, user)


def prove_birth_date(*, invitation: Invitation, birth_date: date) -> None:
    """Compare with the record's birth date. Each wrong date counts for the record; the fifth ends the invitation.

    Raises patients.birth_dates.ImpossibleBirthDate (which does not count), WrongBirthDate, InvitationOver. Not in one
    transaction with the caller: a wrong try must stay counted.
    """
    with transaction.atomic():
        current = _locked(invitation)
        if why_closed(current):
            raise InvitationOver
        patient = current.patient
        today = timezone.localdate(timezone=patient.practice.zone)
        check_birth_date(birth_date, today=today)
        right = patient.birth_date == birth_date
        if not right:
            patient.birth_date_attempts += 1
            patient.save(update_fields=["birth_date_attempts"])
            left = MAX_BIRTH_DATE_ATTEMPTS - patient.birth_date_attempts
            if left == 0:
                _end(current, InvitationEnd.TOO_MANY_ATTEMPTS, None)
                plan_invitation_stopped_messages(current)
    if not right:
        raise WrongBirthDate(left)


@transaction.atomic
def accept_invitation(*, invitation: Invitation, user: User, birth_date: date) -> RecordTie:
    """Tie the account to the record. The caller has checked the proofs by link (email) and code (mobile).

    A minor's record is tied to a guardian. Raises InvitationOver, WrongBirthDate, RecordAlreadyClaimed,
    BookedForSomebodyElse.
    """
    if not User.objects.select_for_update(of=("self",), no_key=True).filter(pk=user.pk, is_active=True).exists():
        raise InvitationOver  # the account was closed or erased since the request began
    current = _locked(invitation)
    patient = current.patient
    if why_closed(current) or not _goes_to_todays_contacts(current):
        raise InvitationOver
    if patient.birth_date != birth_date:
        raise WrongBirthDate(MAX_BIRTH_DATE_ATTEMPTS - patient.birth_date_attempts)
    relationship = Relationship.GUARDIAN if patient.is_minor_now() else Relationship.SELF
    if relationship == Relationship.SELF:
        _check_is_nobody_elses(current, user)
    # A minor's own tie becomes an adult's: the new proofs replace those made as a minor.
    for other in patient.ties.live().filter(user=user).exclude(relationship=relationship):
        end_tie(tie=other, reason=TieEnd.REPLACED, by=user)
    tie, made = RecordTie.objects.get_or_create(
        user=user,
        patient=patient,
        ended_at=None,
        defaults={
            "relationship": relationship,
            "proved_email": current.email,
            "proved_mobile": current.mobile,
            "proved_birth_date": birth_date,
        },
    )
    if not made:
        renew_tie(tie, email=current.email, mobile=current.mobile, birth_date=birth_date)
    _prove_contacts(current)
    _end(current, InvitationEnd.ACCEPTED, user)
    if relationship == Relationship.SELF and user.birth_date is None:
        user.birth_date = birth_date
        user.save(update_fields=["birth_date"])
    if made:
        if relationship == Relationship.GUARDIAN:
            _offer_for_booking(user, patient)
            signals.guardian_proved.send(sender=RecordTie, patient=patient, guardian=user)
        record(
            "record.tied",
            by=user,
            on=patient,
            practice=patient.practice_id,
            detail={"relationship": relationship},
        )
    return tie


def _check_is_nobody_elses(invitation: Invitation, user: User) -> None:
    """Raises RecordAlreadyClaimed, BookedForSomebodyElse."""
    patient = invitation.patient
    if patient.ties.live().filter(relationship=Relationship.SELF).exclude(user=user).exists():
        raise RecordAlreadyClaimed
    if invitation.identity_checked_by_id is not None:
        return  # staff have checked the identity
    for booker in User.objects.filter(relatives__records__patient=patient, relatives__records__has_booked=True):
        at_bookers = any(equals_one_of(booker, name, getattr(invitation, name)) for name in CONTACTS)
        if booker == user or at_bookers:
            raise BookedForSomebodyElse


def _locked(invitation: Invitation) -> Invitation:
    """The invitation and its record, locked and current until the transaction ends. Raises InvitationOver if either
    was erased."""
    patient = Patient.objects.select_for_update().select_related("practice").filter(pk=invitation.patient_id).first()
    current = Invitation.objects.select_for_update().filter(pk=invitation.pk).first()
    if patient is None or current is None:
        raise InvitationOver
    current.patient = patient
    return current


def _goes_to_todays_contacts(invitation: Invitation) -> bool:
    return (invitation.patient.email, invitation.patient.mobile) == (invitation.email, invitation.mobile)


def _prove_contacts(invitation: Invitation) -> None:
    """Whoever proved the contacts owns them: they no longer count as given by a booker."""
    patient = invitation.patient
    patient.save(update_fields=own_from_now_on(patient, *CONTACTS))


def _offer_for_booking(guardian: User, patient: Patient) -> None:
    """When a guardian books online for this child, use the record that they proved."""
    theirs = RelativeRecord.objects.live().filter(relative__holder=guardian)
    if Relative.objects.filter(records__in=theirs.filter(patient=patient)).update(removed_at=None):
        return
    described = Relative.objects.filter(
        holder=guardian,
        first_name__iexact=patient.first_name,
        last_name__iexact=patient.last_name,
        birth_date=patient.birth_date,
    )
    relative = described.exclude(records__in=theirs.filter(practice=patient.practice)).first() or Relative(
        holder=guardian,
        first_name=patient.first_name,
        last_name=patient.last_name,
        birth_date=patient.birth_date,
    )
    relative.removed_at = None
    relative.save()
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
