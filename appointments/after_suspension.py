"""When the suspension of a practice is lifted: what waited about appointments that are past is called off."""

from __future__ import annotations

from django.utils import timezone

from appointments.models import Appointment, Reminder
from appointments.models.reminder import ReminderState
from appointments.quiet_hours import TOPIC
from notifications.models import Message, MessageState
from notifications.outbox import call_off
from practices.models import Practice


def call_off_past_messages(sender: type[Practice], practice: Practice, **kwargs: object) -> None:
    """Reminders of appointments that have begun, and what was to say that an appointment which is over was booked,
    moved or cancelled. Messages about documents leave: the documents are there."""
    now = timezone.now()
    waiting = Message.objects.filter(practice=practice.pk, state=MessageState.QUEUED)
    begun = Reminder.objects.filter(
        appointment__practice=practice,
        appointment__starts_at__lte=now,
        state=ReminderState.SENT,
        messages__in=waiting,
    )
    Reminder.objects.filter(pk__in=list(begun.values_list("pk", flat=True))).update(state=ReminderState.CANCELLED)
    over = Appointment.objects.filter(practice=practice, ends_at__lte=now).values("pk")
    call_off(waiting.filter(topic=TOPIC, about__in=over))
