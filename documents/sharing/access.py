"""The only way any page, API or download finds a shared document. A document that is not visible is a 404.

Each condition stands on its own line; nothing else in the project may build a queryset of shared documents for a
user.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from accounts.models import User
from appointments.finding import practices_of
from appointments.models import Appointment, Closing
from documents.models import Consent, DocumentRequest, ReceivedDocument, SharedDocument
from documents.models.shared import WITH_READERS
from files.models import StoredFile
from patients.models import Patient, RecordTie, Relationship
from practices.models import Practice
from schema.composed import composed_once, in_steps

# A guardian still sees what was shared while the patient was a minor; later documents are the adult's.
WHAT_OF_A_RECORD = {
    Relationship.SELF: Q(),
    Relationship.GUARDIAN: Q(audience="patient", patient_was_minor=True),
}
# Objects that a request had found and somebody deleted before it finished. Every door answers not found.
GONE = (
    Appointment.DoesNotExist,
    Closing.DoesNotExist,
    Consent.DoesNotExist,
    Patient.DoesNotExist,  # part of another record by now
    DocumentRequest.DoesNotExist,
    ReceivedDocument.DoesNotExist,
    SharedDocument.DoesNotExist,
    StoredFile.DoesNotExist,
)
# Which columns `one_as_recipient` reads, in the order of the model: enough to serve a file and to record its reading.
SERVED = ("id", "practice_id", "appointment_id", "file_id", "category_id", "title", "page_count", "first_read_at")


def visible_to(user: User) -> QuerySet[SharedDocument]:
    """All documents that this user may see: as staff, and as recipient."""
    if not user.is_active:
        return SharedDocument.objects.none()
    return SharedDocument.objects.filter(_as_staff(user) | _as_recipient(user))


def visible_as_staff(user: User) -> QuerySet[SharedDocument]:
    """The documents that the user sees through their practices."""
    if not user.is_active:
        return SharedDocument.objects.none()
    return SharedDocument.objects.filter(_as_staff(user))


def visible_as_recipient(user: User) -> QuerySet[SharedDocument]:
    """The documents shared with the user; the only ones in the patient's portal, even for somebody who is also
    staff."""
    if not user.is_active:
        return SharedDocument.objects.none()
    return SharedDocument.objects.filter(_as_recipient(user))


def one_as_recipient(user: User, pk: uuid.UUID) -> SharedDocument | None:
    """The document of `visible_as_recipient` with this id, and with its file; None if it is not among them.

    The other columns than SERVED are read when somebody asks for them. The query is composed once for each number of
    ties, by the same rule; for an account with a suspended tie, whose rule has further conditions, each time.
    """
    records = records_shown_to(user)
    if records is None:
        return visible_as_recipient(user).select_related("file").filter(pk=pk).first()
    rows = _one_of_records(user.pk, pk, *records)
    if not rows:
        return None
    (row,) = rows
    found = SharedDocument.from_db(connection.alias, SERVED, row[: len(SERVED)])
    found.file = StoredFile.from_db(connection.alias, _columns_of_files(), row[len(SERVED) :])
    return found


def records_shown_to(user: User) -> tuple[tuple[uuid.UUID, ...], ...] | None:
    """As `records_of_ties`, of the account's live ties."""
    return records_of_ties(user, _ties_of(user.pk)) if user.is_active else None


@composed_once
def _ties_of(user: uuid.UUID) -> QuerySet[RecordTie]:
    return RecordTie.objects.live().filter(user=user)


@composed_once
def _one_of_records(
    user: uuid.UUID, pk: uuid.UUID, *records: tuple[uuid.UUID, ...]
) -> QuerySet[SharedDocument, tuple[Any, ...]]:
    """One document of an account with live ties, none of them suspended, to `records`: of each kind of
    WHAT_OF_A_RECORD."""
    one = of_records(user, *records).filter(pk=pk)
    return one.values_list(*SERVED, *(f"file__{name}" for name in _columns_of_files()))


def of_records(user: uuid.UUID, *records: tuple[uuid.UUID, ...]) -> QuerySet[SharedDocument]:
    """As visible_as_recipient, for an account with these `records_of_ties`. For queries that are composed once."""
    ties = [
        RecordTie(patient_id=patient, relationship=relationship)
        for relationship, theirs in zip(WHAT_OF_A_RECORD, records, strict=True)
        for patient in theirs
    ]
    return SharedDocument.objects.filter(_shown_to(user, ties))


def records_of_ties(user: User, ties: Iterable[RecordTie]) -> tuple[tuple[uuid.UUID, ...], ...] | None:
    """Of each kind of WHAT_OF_A_RECORD, the records of these live ties, asked in this very request. None for a closed
    account, and if a tie is suspended: then visible_as_recipient has further conditions. In steps, because accounts
    with other numbers of records would each be another query."""
    theirs = list(ties)
    if not user.is_active or any(one.suspended_at is not None for one in theirs):
        return None
    return tuple(in_steps(one.patient_id for one in theirs if one.relationship == kind) for kind in WHAT_OF_A_RECORD)


@lru_cache
def _columns_of_files() -> tuple[str, ...]:
    return tuple(field.attname for field in StoredFile._meta.concrete_fields)


def around(appointment: Appointment, *, user: User) -> QuerySet[SharedDocument]:
    """The documents on an appointment's page for staff, newest first."""
    return in_practices_around(practices_of_staff(user), appointment.pk)


def in_practices_around(practices: tuple[uuid.UUID, ...], appointment: uuid.UUID) -> QuerySet[SharedDocument]:
    """`practices`: of `practices_of_staff`, asked in this very request."""
    own = SharedDocument.objects.filter(practice__in=practices, appointment=appointment)
    return own.order_by("-shared_at", "-id")


def practices_of_staff(user: User) -> tuple[uuid.UUID, ...]:
    """Of the practices whose documents the user sees, the ids; none for a closed account."""
    return practices_of(user) if user.is_active else ()


def seen_by_holders(patient: uuid.UUID) -> QuerySet[SharedDocument]:
    """Documents of the record that accounts see because they booked, not because of a tie."""
    return SharedDocument.objects.with_readers().filter(patient=patient, audience="holder", holder__is_active=True)


def documents_waiting(patient: Patient) -> int:
    """How many documents the owner of the record's contacts would find after proving them. Reveals only the
    number."""
    return SharedDocument.objects.with_readers().filter(patient=patient, audience="patient").count()


def _as_staff(user: User) -> Q:
    return Q(practice__in=Practice.objects.ids_of(user))


def _as_recipient(user: User) -> Q:
    """Matches documents shared with the user. Passes the ids of their records instead of a subquery: only then does
    the database use an index and read no other documents."""
    return _shown_to(user.pk, list(RecordTie.objects.live().filter(user=user)))


def _shown_to(user: uuid.UUID, ties: Collection[RecordTie]) -> Q:
    """Matches documents shared with the account `user`, whose live ties are these."""
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
    """Matches what a live tie shows: documents of its own record, not others that the account sees."""
    what = Q(patient=tie.patient_id) & WHAT_OF_A_RECORD[Relationship(tie.relationship)] & of_proved_records(tie)
    return what if tie.suspended_at is None else what & _shared_until(tie.suspended_at)


def of_proved_records(tie: RecordTie) -> Q:
    """Leaves out what came from a record that its account has not proved, since the two became one."""
    if tie.shows_only is None:
        return Q()
    return Q(appointment__in=Appointment.objects.shown_by(tie))


def _shared_until(moment: datetime) -> Q:
    """Matches documents whose current bytes were shared until then: a replacement is shared when it replaces."""
    return Q(shared_at__lte=moment) & (Q(replaced_at=None) | Q(replaced_at__lte=moment))
