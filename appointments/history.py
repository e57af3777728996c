"""The history of an appointment: its own lines, and those on its patient's contacts and invitations."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db.models import Q

from appointments.models import Appointment, AppointmentStatus
from audit.events import Topic, shown_codes
from audit.models import AuditEvent, AuditEventQuerySet
from patients.merges import records_in
from patients.models import Patient

OF_THE_RECORD = (Topic.RECORD, Topic.TIE, Topic.ACCESS)


def history_of(appointment: Appointment) -> AuditEventQuerySet:
    """Newest first. Changes of the record's contacts and accesses are in the history of every appointment of the
    patient."""
    return AuditEvent.objects.filter(Q(record_id=appointment.pk) | _of_record(appointment.patient)).order_by("-id")


def history_of_record(patient: Patient) -> AuditEventQuerySet:
    """What happened to the record, and to those that became part of it; newest first."""
    return AuditEvent.objects.filter(_of_record(patient)).order_by("-id")


def _of_record(patient: Patient) -> Q:
    invitations = patient.invitations.values_list("pk", flat=True)
    return Q(object_id__in=records_in(patient.pk), action__in=shown_codes(*OF_THE_RECORD)) | Q(
        object_id__in=list(invitations), action__in=shown_codes(Topic.INVITATION)
    )


def cancelled_by_practice(appointments: Iterable[Appointment]) -> set[uuid.UUID]:
    """The appointments that staff cancelled, rather than their booker."""
    holders = {one.pk: one.holder_id for one in appointments if one.status == AppointmentStatus.CANCELLED}
    lines = AuditEvent.objects.filter(action="appointment.cancelled", object_id__in=list(holders))
    actors = lines.exclude(actor_id=None).values_list("object_id", "actor_id")
    return {pk for pk, actor in actors if actor != holders[pk]}
