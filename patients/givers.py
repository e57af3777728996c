"""Records bookers of contacts that the previous release, running beside this one, stored without their giver.

It leaves `has_booked` false on a record created by a booking; this version never does.
"""

from __future__ import annotations

from django.db import transaction

from audit.models import AuditEvent
from patients.models import RelativeRecord
from patients.ownership import CONTACTS

BATCH = 500


@transaction.atomic
def note_givers() -> int:
    """Complete at most BATCH records; returns how many. Call again for the rest."""
    ties = RelativeRecord.objects.select_for_update(of=("self",)).filter(made_by_booking=True, has_booked=False)
    batch = list(ties.select_related("relative", "patient")[:BATCH])
    for one in batch:
        note_giver(one)
    return len(batch)


def note_giver(one: RelativeRecord) -> None:
    """Record the booker as giver of the contacts, except those that staff entered or that were proved or
    confirmed."""
    patient, booker = one.patient, one.relative.holder_id
    by_staff = AuditEvent.objects.filter(object_id=patient.pk, action="contact.changed").exclude(actor_id=booker)
    entered = {name for line in by_staff for name in line.detail.get("fields", [])}
    if not patient.ties.proved_now().exists():
        for name in CONTACTS:
            recorded = getattr(patient, f"{name}_since") is not None or name in entered
            if getattr(patient, name) and not recorded:
                setattr(patient, f"{name}_given_by_id", booker)
                setattr(patient, f"{name}_since", patient.created_at)
                patient.save(update_fields=[f"{name}_given_by", f"{name}_since"])
    one.has_booked = True
    one.save(update_fields=["has_booked"])
