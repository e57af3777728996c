"""Where the records are that became part of others."""

from __future__ import annotations

import uuid

from patients.models import Patient, RecordMerge


def records_in(patient: uuid.UUID) -> list[uuid.UUID]:
    """The id of this record, and of every record that became part of it, directly or through another."""
    records = [patient]
    while parts := set(_parts_of(records)).difference(records):
        records += sorted(parts)
    return records


def _parts_of(records: list[uuid.UUID]) -> list[uuid.UUID]:
    return list(RecordMerge.objects.standing().filter(kept__in=records).values_list("other", flat=True))


def record_that_stays(patient: uuid.UUID) -> Patient | None:
    """The record that this one is part of, itself if it is of its own; None if it never existed or was erased."""
    record = Patient.every.filter(pk=patient).first()
    while record is not None and record.merged_into_id is not None:
        record = Patient.every.filter(pk=record.merged_into_id).first()
    return record


def locked_record(patient: uuid.UUID) -> Patient | None:
    """As record_that_stays, locked until the transaction ends: nobody makes it part of another meanwhile."""
    record = Patient.every.select_for_update(of=("self",), no_key=True).filter(pk=patient).first()
    while record is not None and record.merged_into_id is not None:
        stays = Patient.every.select_for_update(of=("self",), no_key=True)
        record = stays.filter(pk=record.merged_into_id).first()
    return record
