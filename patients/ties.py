"""Ends and suspends ties of accounts to records, and renews them after new proofs."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.trail import record
from patients import signals
from patients.models import Patient, RecordTie, TieEnd
from patients.proofs import has_proved


@transaction.atomic
def end_tie(*, tie: RecordTie, reason: TieEnd, by: User) -> None:
    """End the tie: the account sees nothing of the record, from its next request on. Ending twice changes nothing."""
    locked = RecordTie.objects.select_for_update(of=("self",)).select_related("patient__practice", "user")
    tie = locked.get(pk=tie.pk)
    if tie.ended_at is not None:
        return
    tie.ended_at, tie.end = timezone.now(), reason
    tie.save(update_fields=["ended_at", "end"])
    _note("record.untied", tie, by=by, reason=reason.value)
    if reason == TieEnd.REPLACED:
        return
    tie.patient.contact_proposals.filter(user=tie.user_id, settled_at=None).update(settled_at=timezone.now())
    if reason == TieEnd.STAFF:
        # The owner of the record's contacts could prove them again at once: staff must first say whose they are.
        Patient.objects.filter(pk=tie.patient_id).update(access_ended=True)
    offered = tie.patient.as_relative.live().filter(relative__holder=tie.user_id, made_by_booking=False)
    if offered.update(ended_at=timezone.now()):  # only the tie let this account book for the record
        signals.guardian_ended.send(sender=RecordTie, patient=tie.patient, guardian=tie.user, by=by)


@transaction.atomic
def suspend_tie(*, tie: RecordTie, by: User) -> None:
    """After a change of the record's contacts or birth date: the account keeps what was shared until now; later
    documents wait for proof."""
    tie.suspended_at = timezone.now()
    tie.save(update_fields=["suspended_at"])
    _note("record.tie_suspended", tie, by=by)


def renew_tie(tie: RecordTie, *, email: str, mobile: str, birth_date: date) -> None:
    """The account has proved the record's current data: show it the documents that waited, and those of records that
    became part of this one."""
    tie.proved_email, tie.proved_mobile, tie.proved_birth_date = email, mobile, birth_date
    was_suspended, tie.suspended_at, tie.shows_only = tie.suspended_at is not None, None, None
    tie.save(update_fields=["proved_email", "proved_mobile", "proved_birth_date", "suspended_at", "shows_only"])
    if was_suspended:
        _note("record.tie_renewed", tie, by=tie.user)


def follow_record(tie: RecordTie, *, by: User) -> None:
    """After a change of the record's contacts or birth date. `tie.patient` is the current record.

    The tie stands while the account has proved the current data, with this tie or as its own contacts; it is renewed
    if staff restore what it had proved. A tie that waits since records became one waits for a new proof.
    """
    patient = tie.patient
    if has_proved_record(tie, patient) and tie.shows_only is None:
        assert patient.email
        assert patient.mobile
        renew_tie(tie, email=patient.email, mobile=patient.mobile, birth_date=patient.birth_date)
    elif tie.suspended_at is None:
        suspend_tie(tie=tie, by=by)


def has_proved_record(tie: RecordTie, patient: Patient) -> bool:
    """Whether the account has proved this record's contacts and birth date, with this tie or as its own contacts."""
    if not (patient.email and patient.mobile) or tie.proved_birth_date != patient.birth_date:
        return False
    same = (tie.proved_email.lower(), tie.proved_mobile) == (patient.email.lower(), patient.mobile)
    return same or has_proved(tie.user, email=patient.email, mobile=patient.mobile)


def _note(action: str, tie: RecordTie, *, by: User, **detail: str) -> None:
    record(
        action,
        by=by,
        on=tie.patient,
        practice=tie.patient.practice_id,
        detail={"account": str(tie.user_id), "relationship": tie.relationship, **detail},
    )
