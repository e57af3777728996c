"""What appointments do by the clock."""

from __future__ import annotations

from celery import shared_task

from appointments import reminders
from appointments.failures import note_failed_messages


@shared_task
def note_failures() -> None:
    """Write given-up messages into their appointments' histories. A second run finds nothing left to write."""
    note_failed_messages()


@shared_task
def send_reminders() -> None:
    """Remind of appointments. Harmless when repeated: what was sent is no longer planned."""
    reminders.send_due()
