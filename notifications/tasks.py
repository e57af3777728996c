"""Tasks that send messages. The rows are the queue, so a task that is lost, late or run twice does no harm."""

from __future__ import annotations

from celery import shared_task

from jobs.exclusive import OneAtATime
from notifications.delivery import deliver_due
from notifications.models import Channel, Message
from notifications.outbox import erase_ended_letters

DISPATCHING = {channel: OneAtATime(seconds=120) for channel in Channel}


@shared_task(name="notifications.tasks.dispatch")
def dispatch(channel: str) -> None:
    """Send the due messages of a channel until none is left.

    Harmless when repeated: each row is claimed by one worker under a lease, and one that was sent is not due.
    """
    if DISPATCHING[Channel(channel)].run(lambda: deliver_due(Channel(channel))):
        dispatch.delay(channel)  # another task sends the rest


@shared_task(name="notifications.tasks.sweep", expires=30)
def sweep() -> None:
    """Start a dispatch for each channel with due messages (lost nudges, retries, leases of killed workers), and erase
    letters that workers of the previous version left.

    Harmless when repeated: a dispatch that finds nothing does nothing.
    """
    erase_ended_letters()
    for channel in Channel:
        if Message.objects.due().filter(channel=channel).exists():
            dispatch.delay(channel.value)
