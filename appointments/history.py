"""The history of an appointment: its own lines, and those of its patient's contacts and invitations."""

from __future__ import annotations

from django.db.models import Q

from appointments.models import Appointment
from audit.models import AuditEvent, AuditEventQuerySet


def history_of(appointment: Appointment) -> AuditEventQuerySet:
    """Newest first. A change of contacts or a stopped invitation concerns every appointment of the patient."""
    invitations = appointment.patient.invitations.values_list("pk", flat=True)
    return AuditEvent.objects.filter(
        Q(record_id=appointment.pk)
        | Q(object_id=appointment.patient_id, action="contact.changed")
        | Q(object_id__in=list(invitations), action="invitation.stopped")
    ).order_by("-id")
