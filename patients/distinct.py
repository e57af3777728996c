"""Staff say that two similar records are of two people: they are no longer shown as likely duplicates."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from audit.trail import record
from patients.models import DistinctRecords, Patient
from patients.records import check_may_edit
from schema.composed import composed_once


@transaction.atomic
def declare_distinct(*, one: Patient, other: Patient, by: User) -> None:
    """Declaring it twice changes nothing. Raises NotAllowed; Patient.DoesNotExist for one record, or for those of two
    practices."""
    check_may_edit(one.practice, by)
    if one.pk == other.pk or one.practice_id != other.practice_id:
        raise Patient.DoesNotExist
    first, second = sorted((one, other), key=lambda patient: patient.pk)
    _pair, made = DistinctRecords.objects.get_or_create(first=first, second=second, defaults={"said_by": by})
    if made:
        _note("record.distinct", one, other, by)


@transaction.atomic
def undo_distinct(*, one: Patient, other: Patient, by: User) -> None:
    """They may be shown as likely duplicates again. Undoing twice changes nothing. Raises NotAllowed."""
    check_may_edit(one.practice, by)
    if _pairs(one.pk).filter(_pairs_of(other.pk)).delete()[0]:
        _note("record.distinct_undone", one, other, by)


def records_by_name(ids: set[uuid.UUID]) -> list[Patient]:
    return list(Patient.objects.filter(pk__in=ids).order_by("last_name", "first_name", "pk"))


def ids_distinct_from(patient: uuid.UUID) -> set[uuid.UUID]:
    """Of the records that staff declared to be somebody else's."""
    return {pk for pair in _declared(patient) for pk in pair if pk != patient}


@composed_once
def _declared(patient: uuid.UUID) -> QuerySet[DistinctRecords, tuple[uuid.UUID, uuid.UUID]]:
    return _pairs(patient).values_list("first", "second")


def _pairs_of(patient: uuid.UUID) -> Q:
    return Q(first=patient) | Q(second=patient)


def _pairs(patient: uuid.UUID) -> QuerySet[DistinctRecords]:
    return DistinctRecords.objects.filter(_pairs_of(patient))


def _note(action: str, one: Patient, other: Patient, by: User) -> None:
    for on, of in ((one, other), (other, one)):
        record(action, by=by, on=on, practice=on.practice_id, detail={"other": str(of.pk)})
