"""Periodic tasks of appointments."""

from __future__ import annotations

from celery import shared_task

from appointments import offers, reminders
from appointments.failures import note_failed_messages
from appointments.holds import forget_ended_holds


@shared_task
def note_failures() -> None:
    """Write given-up messages into their appointments' histories. A second run changes nothing."""
    note_failed_messages()


@shared_task
def forget_holds() -> None:
    """Remove ended holds. Harmless when repeated."""
    forget_ended_holds()


@shared_task
def offer_freed_times() -> None:
    """Offer free times to the waiting list, and end what is over. Harmless when repeated."""
    offers.sweep()


@shared_task
def send_reminders() -> None:
    """Send due reminders. Harmless when repeated: sent ones are no longer planned."""
    reminders.send_due()
