"""The history of an appointment: its own lines, and those of its patient's contacts and invitations."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db.models import Q

from appointments.models import Appointment, AppointmentStatus
from audit.events import Topic, shown_codes
from audit.models import AuditEvent, AuditEventQuerySet

OF_THE_RECORD = (Topic.RECORD, Topic.TIE, Topic.ACCESS)


def history_of(appointment: Appointment) -> AuditEventQuerySet:
    """Newest first. What happens to the record's contacts and accesses concerns every appointment of the patient."""
    invitations = appointment.patient.invitations.values_list("pk", flat=True)
    return AuditEvent.objects.filter(
        Q(record_id=appointment.pk)
        | Q(object_id=appointment.patient_id, action__in=shown_codes(*OF_THE_RECORD))
        | Q(object_id__in=list(invitations), action__in=shown_codes(Topic.INVITATION))
    ).order_by("-id")


def cancelled_by_practice(appointments: Iterable[Appointment]) -> set[uuid.UUID]:
    """Which of them its staff cancelled, rather than whoever booked online."""
    holders = {one.pk: one.holder_id for one in appointments if one.status == AppointmentStatus.CANCELLED}
    lines = AuditEvent.objects.filter(action="appointment.cancelled", object_id__in=list(holders))
    actors = lines.exclude(actor_id=None).values_list("object_id", "actor_id")
    return {pk for pk, actor in actors if actor != holders[pk]}
