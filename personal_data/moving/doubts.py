"""Records whose contacts staff must confirm after a move.

A contact that equals one of a booker's is not the patient's own (patients/ownership.py). The booker's account, and so
its contacts, stay behind: the new installation could not see that they are equal, and would take the booker for the
patient. So the archive names the records, not the contacts.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from django.db.models import F

from accounts.models import User
from appointments.models import Appointment, BookedFor, HolderExclusion
from patients.models import Patient, RelativeRecord
from patients.ownership import CONTACTS, equals_one_of, recorded_at
from practices.models import Practice


def contacts_to_confirm(practice: Practice) -> Iterator[uuid.UUID]:
    """Adults with a contact that equals one of a booker's; and minors, if staff ended that booker's access."""
    bookers = _bookers(practice)
    excluded = set(HolderExclusion.objects.filter(patient__practice=practice).values_list("patient", "holder"))
    accounts = User.objects.in_bulk({booker for those in bookers.values() for booker in those})
    for patient in Patient.objects.filter(pk__in=bookers).select_related("practice").order_by("pk"):
        minor = patient.is_minor_now()
        judged = [
            accounts[booker]
            for booker in sorted(bookers[patient.pk])
            if booker in accounts and (not minor or (patient.pk, booker) in excluded)
        ]
        if any(_shares_a_contact(patient, booker) for booker in judged):
            yield patient.pk


def _bookers(practice: Practice) -> dict[uuid.UUID, set[uuid.UUID]]:
    booked = Appointment.objects.filter(practice=practice, holder__isnull=False).exclude(booked_for=BookedFor.SELF)
    relatives = RelativeRecord.objects.filter(practice=practice).annotate(holder=F("relative__holder"))
    excluded = HolderExclusion.objects.filter(patient__practice=practice)
    bookers: dict[uuid.UUID, set[uuid.UUID]] = {}
    for rows in (booked, relatives, excluded):
        for patient, holder in rows.order_by().values_list("patient", "holder").distinct():
            bookers.setdefault(patient, set()).add(holder)
    return bookers


def _shares_a_contact(patient: Patient, booker: User) -> bool:
    return any(
        equals_one_of(booker, name, contact, recorded_at=recorded_at(patient, name))
        for name in CONTACTS
        if (contact := getattr(patient, name))
    )
