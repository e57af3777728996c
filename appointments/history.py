"""The history of an appointment: its own lines, and those of its patient's contacts and invitations."""

from __future__ import annotations

from django.db.models import Q

from appointments.models import Appointment
from audit.models import AuditEvent, AuditEventQuerySet

OF_THE_RECORD = (
    "contact.changed",
    "contact.confirmed",
    "contact.proposal_left",
    "patient.changed",
    "patient.identity_checked",
    "holder.excluded",
    "holder.exclusion_lifted",
    "accesses.judged_anew",
    "record.tied",
    "record.untied",
    "record.tie_suspended",
    "record.tie_renewed",
)


def history_of(appointment: Appointment) -> AuditEventQuerySet:
    """Newest first. What happens to the record's contacts and accesses concerns every appointment of the patient."""
    invitations = appointment.patient.invitations.values_list("pk", flat=True)
    return AuditEvent.objects.filter(
        Q(record_id=appointment.pk)
        | Q(object_id=appointment.patient_id, action__in=OF_THE_RECORD)
        | Q(object_id__in=list(invitations), action__in=("invitation.stopped", "invitation.sent"))
    ).order_by("-id")
