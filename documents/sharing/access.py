"""The only way any page, API or download finds a shared document. A document that is not visible is a 404.

Each condition stands on its own line; nothing else in the project may build a queryset of shared documents for a
user.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from functools import lru_cache

from django.db import connection
from django.db.models import Q, QuerySet

from accounts.models import User
from appointments.models import Appointment, Closing
from documents.models import Consent, DocumentRequest, ReceivedDocument, SharedDocument
from documents.models.shared import WITH_READERS
from documents.sharing.composed import Composed, compose
from files.models import StoredFile
from patients.models import Patient, RecordTie, Relationship
from practices.models import Practice

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
SHAPES = 64  # numbers of ties for which a process keeps the composed query


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
    if not user.is_active:
        return None
    ties = _ties_of().rows([user.pk])
    if any(suspended_at is not None for _patient, _relationship, suspended_at in ties):
        return visible_as_recipient(user).select_related("file").filter(pk=pk).first()
    records = {one: [patient for patient, kind, _at in ties if kind == one] for one in WHAT_OF_A_RECORD}
    composed = _one_of_records(*map(len, records.values()))
    rows = composed.rows([user.pk, pk, *(patient for theirs in records.values() for patient in theirs)])
    if not rows:
        return None
    (row,) = rows
    found = SharedDocument.from_db(connection.alias, SERVED, row[: len(SERVED)])
    found.file = StoredFile.from_db(connection.alias, _columns_of_files(), row[len(SERVED) :])
    return found


@lru_cache
def _ties_of() -> Composed:
    """The record, the relationship and `suspended_at` of each live tie of an account."""
    user = uuid.uuid4()
    ties = RecordTie.objects.live().filter(user=user)
    return compose(ties.values_list("patient", "relationship", "suspended_at"), [user])


@lru_cache(SHAPES)
def _one_of_records(*numbers: int) -> Composed:
    """One document of an account with so many ties of each kind of WHAT_OF_A_RECORD, none of them suspended."""
    user, pk = uuid.uuid4(), uuid.uuid4()
    ties = [
        RecordTie(patient_id=uuid.uuid4(), relationship=relationship)
        for relationship, number in zip(WHAT_OF_A_RECORD, numbers, strict=True)
        for _ in range(number)
    ]
    one = SharedDocument.objects.filter(_shown_to(user, ties), pk=pk)
    columns = one.values_list(*SERVED, *(f"file__{name}" for name in _columns_of_files()))
    return compose(columns, [user, pk, *(tie.patient_id for tie in ties)])


@lru_cache
def _columns_of_files() -> tuple[str, ...]:
    return tuple(field.attname for field in StoredFile._meta.concrete_fields)


def around(appointment: Appointment, *, user: User) -> QuerySet[SharedDocument]:
    """The documents on an appointment's page for staff, newest first."""
    return visible_as_staff(user).filter(appointment=appointment).order_by("-shared_at", "-id")


def seen_by_holders(patient: Patient) -> QuerySet[SharedDocument]:
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
