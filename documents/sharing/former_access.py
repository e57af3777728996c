"""What an account could see once and can't see any more: for the page that an old link leads to.

The page names the practice only to an account that provably had the document: the trail says that it read it, or the
document was shared with it as the booker or through its own record, while that tie showed it. A guardian had what the
trail says they read, because whether a patient was a minor may be corrected later. An account that was tied to
somebody else's record by mistake had nothing, in the whole practice.

Whatever somebody never had is answered like a document that never existed, and by the same queries.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import User
from appointments.former_access import first_not_mistaken, without_mistaken
from appointments.models import Appointment
from audit.models import AuditEvent
from documents.models import SharedDocument
from documents.models.shared import AudienceChoice
from documents.sharing.access import WHAT_OF_A_RECORD, of_proved_records
from patients.models import RecordTie, Relationship
from practices.models import Practice


def practice_of_former(user: User, document: uuid.UUID) -> Practice | None:
    """The practice of a document that the user does not see now; None if the user never had it."""
    ties = _own_ties(user)
    shown = SharedDocument.objects.filter(_once_shown_to(user, ties), pk=document)
    row = shown.values_list("practice", flat=True).first()
    read = AuditEvent.objects.filter(object_id=document, action="document.read", actor_id=user.pk).first()
    taken = _practices_of(_taken_back(user, ties).filter(object_id=document), user, ties)
    return first_not_mistaken([row, read.practice_id if read else None, *taken], user)


def former_practices(user: User) -> list[Practice]:
    """The practices of everything that the user could see once and can't see any more, by name.

    Without what was read of appointments that are deleted: a link to it still finds its practice.
    """
    ties = _own_ties(user)
    rows = SharedDocument.objects.filter(_once_shown_to(user, ties)).values_list("practice", flat=True)
    return list(without_mistaken({*rows, *_practices_of(_taken_back(user, ties), user, ties)}, user))


def _own_ties(user: User) -> list[RecordTie]:
    """The account's ties with its own records, past ones too."""
    return list(RecordTie.objects.filter(user=user, relationship=Relationship.SELF))


def _once_shown_to(user: User, ties: list[RecordTie]) -> Q:
    """Documents that still exist, shared with the account as the booker or through a tie with its own record."""
    shown = Q(audience=AudienceChoice.HOLDER, holder=user)
    for tie in ties:
        end = tie.suspended_at or tie.ended_at
        until = Q(shared_at__lte=end) if end else Q()
        shown |= Q(patient=tie.patient_id) & WHAT_OF_A_RECORD[Relationship.SELF] & until & of_proved_records(tie)
    return shown


def _taken_back(user: User, ties: list[RecordTie]) -> QuerySet[AuditEvent]:
    """Documents taken back from appointments that the account booked, or that are of its own record."""
    theirs = Q(holder=user) | Q(patient__in=[tie.patient_id for tie in ties])
    appointments = Appointment.objects.filter(theirs).values("pk")
    return AuditEvent.objects.filter(record_id__in=appointments, action="document.taken_back")


def _practices_of(taken_back: QuerySet[AuditEvent], user: User, ties: list[RecordTie]) -> set[uuid.UUID]:
    """The practices of those that the account could see before they were taken back."""
    taken = list(taken_back)
    appointments = Appointment.objects.in_bulk([one.record_id for one in taken if one.record_id])
    documents = [one.object_id for one in taken]
    shared = {
        one.object_id: one for one in AuditEvent.objects.filter(object_id__in=documents, action="document.shared")
    }
    shown_in = _times_shown(user, ties)
    return {
        appointment.practice_id
        for one in taken
        if one.record_id
        and (appointment := appointments.get(one.record_id))
        and (sharing := shared.get(one.object_id))
        and _was_shown(sharing, one.at, appointment, user, shown_in)
    }


Times = list[tuple[datetime, datetime | None]]  # from, until (None: still)


def _was_shown(
    sharing: AuditEvent, taken_at: datetime, appointment: Appointment, user: User, shown_in: dict[uuid.UUID, Times]
) -> bool:
    if sharing.detail.get("audience") == AudienceChoice.HOLDER:
        return appointment.holder_id == user.pk
    times = shown_in.get(appointment.patient_id, [])
    return any(start < taken_at and (end is None or end > sharing.at) for start, end in times)


def _times_shown(user: User, ties: list[RecordTie]) -> dict[uuid.UUID, Times]:
    """By patient: when the account's own ties showed the record's new documents. Suspensions that are over are read
    from the trail."""
    changes = list(
        AuditEvent.objects.filter(
            action__in=["record.tie_suspended", "record.tie_renewed"],
            object_id__in=[tie.patient_id for tie in ties],
            detail__account=str(user.pk),
        ).order_by("at", "pk")
    )
    times: dict[uuid.UUID, Times] = {}
    for tie in ties:
        start: datetime | None = tie.tied_at
        for one in changes:
            if one.object_id != tie.patient_id or one.at < tie.tied_at or (tie.ended_at and one.at > tie.ended_at):
                continue
            if one.action == "record.tie_renewed":
                start = start or one.at
            elif start:
                times.setdefault(tie.patient_id, []).append((start, one.at))
                start = None
        if start:
            times.setdefault(tie.patient_id, []).append((start, tie.ended_at))
    return times
