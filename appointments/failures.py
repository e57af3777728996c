"""Writes messages that were given up into the history of their appointment."""

from __future__ import annotations

from django.db import transaction

from appointments.models import Appointment
from audit.models import AuditEvent
from audit.trail import record
from notifications.models import Message, MessageState

BATCH = 200


def note_failed_messages() -> int:
    """Write one line for each such message; returns how many."""
    recorded = AuditEvent.objects.filter(action="message.failed").values("object_id")
    failed = Message.objects.filter(state=MessageState.FAILED, about__isnull=False).exclude(pk__in=recorded)
    written = 0
    for pk in failed.order_by("id").values_list("pk", flat=True)[:BATCH]:
        with transaction.atomic():
            message = Message.objects.select_for_update().get(pk=pk)
            if AuditEvent.objects.filter(object_id=pk, action="message.failed").exists():
                continue  # another run was faster
            appointment = Appointment.objects.filter(pk=message.about).first() if message.about else None
            record(
                "message.failed",
                by=None,
                on=message,
                practice=appointment.practice_id if appointment else None,
                within=message.about,
                detail={"channel": message.channel},
            )
            written += 1
    return written
