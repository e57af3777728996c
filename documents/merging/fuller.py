"""Which of two records a merge proposes to keep: the one on which more depends."""

from __future__ import annotations

from appointments.models import Appointment
from documents.models import SharedDocument
from patients.models import Patient, RecordTie

Weight = tuple[int, int, int]


def is_fuller(one: Patient, *, than: Patient) -> bool:
    """By accounts that open it, then by appointments and documents, then by contacts. False if they are equal."""
    return _weight(one) > _weight(than)


def _weight(patient: Patient) -> Weight:
    accounts = RecordTie.objects.live().filter(patient=patient).count()
    around = Appointment.objects.filter(patient=patient).count()
    around += SharedDocument.objects.filter(patient=patient).count()
    return accounts, around, bool(patient.email) + bool(patient.mobile)
