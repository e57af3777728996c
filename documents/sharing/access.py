"""The only way any page, API or download finds a shared document. What is not visible is a 404.

Each condition stands on its own line; nothing else in the project may build a queryset of shared documents for
somebody's eyes.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import User
from appointments.models import Appointment, Closing
from documents.models import SharedDocument
from documents.models.shared import WITH_READERS
from files.models import StoredFile
from patients.models import Patient, RecordTie, Relationship
from practices.models import Practice

# A guardian keeps what was shared while the patient was a minor; later documents are the adult's.
WHAT_OF_A_RECORD = {
    Relationship.SELF: Q(),
    Relationship.GUARDIAN: Q(audience="patient", patient_was_minor=True),
}
# What a request had found, and somebody deleted before the request was done. To every door that is not found.
GONE = (Appointment.DoesNotExist, Closing.DoesNotExist, SharedDocument.DoesNotExist, StoredFile.DoesNotExist)


def visible_to(user: User) -> QuerySet[SharedDocument]:
    """Everything this user may see: as staff, or as whom it was shared with."""
    if not user.is_active:
        return SharedDocument.objects.none()
    return SharedDocument.objects.filter(_as_staff(user) | _as_recipient(user))


def visible_as_staff(user: User) -> QuerySet[SharedDocument]:
    """What the user sees through their practices."""
    if not user.is_active:
        return SharedDocument.objects.none()
    return SharedDocument.objects.filter(_as_staff(user))


def visible_as_recipient(user: User) -> QuerySet[SharedDocument]:
    """What was shared with the user: the patient's portal shows this alone, even to somebody who is staff too."""
    if not user.is_active:
        return SharedDocument.objects.none()
    return SharedDocument.objects.filter(_as_recipient(user))


def around(appointment: Appointment, *, user: User) -> QuerySet[SharedDocument]:
    """What staff see on an appointment's page, newest first."""
    return visible_as_staff(user).filter(appointment=appointment).order_by("-shared_at", "-id")


def seen_by_holders(patient: Patient) -> QuerySet[SharedDocument]:
    """What of the record accounts see because they booked, not because the record is theirs."""
    return SharedDocument.objects.with_readers().filter(patient=patient, audience="holder", holder__is_active=True)


def documents_waiting(patient: Patient) -> int:
    """How many documents whoever proves the record's contacts would find: of the number, nothing of what they are."""
    return SharedDocument.objects.with_readers().filter(patient=patient, audience="patient").count()


def _as_staff(user: User) -> Q:
    return Q(practice__in=Practice.objects.ids_of(user))


def _as_recipient(user: User) -> Q:
    """The user's records are named, not asked for inside the statement: only so does an index find their documents,
    and nobody else's are read."""
    ties = list(RecordTie.objects.live().filter(user=user))
    theirs = Q(audience="holder", holder=user) & WITH_READERS
    for relationship, what in WHAT_OF_A_RECORD.items():
        of_this_kind = [tie for tie in ties if tie.relationship == relationship]
        if proved := [tie.patient_id for tie in of_this_kind if tie.suspended_at is None]:
            theirs |= Q(patient__in=proved) & what
        for tie in of_this_kind:
            if tie.suspended_at is not None:
                theirs |= shown_by(tie)
    return theirs


def shown_by(tie: RecordTie) -> Q:
    """What a live tie shows: of its own alone, whatever else its account sees."""
    what = Q(patient=tie.patient_id) & WHAT_OF_A_RECORD[Relationship(tie.relationship)]
    return what if tie.suspended_at is None else what & _shared_until(tie.suspended_at)


def _shared_until(moment: datetime) -> Q:
    """These very bytes: a replacement is shared when it replaces."""
    return Q(shared_at__lte=moment) & (Q(replaced_at=None) | Q(replaced_at__lte=moment))
