"""What appointments do by the clock."""

from __future__ import annotations

from celery import shared_task

from appointments.failures import note_failed_messages


@shared_task
def note_failures() -> None:
    """Write given-up messages into their appointments' histories. A second run finds nothing left to write."""
    note_failed_messages()
