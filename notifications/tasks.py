"""Nudges. The rows say what is to be done; a task that is lost, late or run twice changes nothing."""

from __future__ import annotations

from celery import shared_task

from jobs.exclusive import OneAtATime
from notifications.delivery import deliver_due
from notifications.models import Channel, Message
from notifications.outbox import forget_left_letters

DISPATCHING = {channel: OneAtATime(seconds=120) for channel in Channel}


@shared_task(name="notifications.tasks.dispatch")
def dispatch(channel: str) -> None:
    """Send what is due on a channel, until nothing is.

    Harmless when repeated: each row is claimed by one worker under a lease, and one that was sent is not due.
    """
    if DISPATCHING[Channel(channel)].run(lambda: deliver_due(Channel(channel))):
        dispatch.delay(channel)  # what is left gets a task of its own


@shared_task(name="notifications.tasks.sweep", expires=30)
def sweep() -> None:
    """Start a dispatch for each channel on which something is due: lost nudges, retries, leases of the dead; forget
    what workers of the version before left.

    Harmless when repeated: a dispatch that finds nothing does nothing.
    """
    forget_left_letters()
    for channel in Channel:
        if Message.objects.due().filter(channel=channel).exists():
            dispatch.delay(channel.value)
