"""Keeps exclusions of holders when a record's identity is corrected (signal `identity_corrected`).

An exclusion also applies to other records that look like the same child (`HolderExclusion.objects.applying_to`),
because the booker may have described the child differently. A correction may end that likeness, but must not end the
exclusion: this writes one for each record that it applied to.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from appointments.models import HolderExclusion
from audit.trail import record
from patients.models import Patient
from schema.composed import composed_once


def exclusions_of(patient: Patient) -> list[HolderExclusion]:
    """As HolderExclusion.objects.applying_to, for pages."""
    return [one for one in _around(patient.pk, patient.practice_id, patient.birth_date) if one.is_about(patient)]


@composed_once
def _around(patient: UUID, practice: UUID, birth_date: date) -> QuerySet[HolderExclusion]:
    return HolderExclusion.objects.around(patient, practice, birth_date)


def keep_exclusions(sender: type[Patient], patient: Patient, was: Patient, by: User, **kwargs: Any) -> None:
    held = HolderExclusion.objects.applying_to(was)
    own = [one for one in held if one.patient_id == patient.pk]
    for one in held:
        if one not in own:
            _add_exclusion(one, patient, by)
    if own:
        others = Patient.objects.filter(practice=was.practice_id).exclude(pk=was.pk)
        alike = others.all_alike(first_name=was.first_name, last_name=was.last_name, birth_date=was.birth_date)
        for other in (record for record in alike if record.looks_like(was)):  # without a limit on their number
            for one in own:
                _add_exclusion(one, other, by)


def _add_exclusion(exclusion: HolderExclusion, patient: Patient, by: User) -> None:
    _, made = HolderExclusion.objects.get_or_create(
        holder=exclusion.holder,
        patient=patient,
        defaults={"excluded_by": exclusion.excluded_by, "excluded_at": exclusion.excluded_at},
    )
    if made:
        detail = {"account": str(exclusion.holder_id), "of_record": str(exclusion.patient_id)}
        record("holder.excluded", by=by, on=patient, practice=patient.practice_id, detail=detail)
