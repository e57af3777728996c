"""Whether a worker takes what the scheduler gives: a task that does nothing but say when it ran.

A row and not the cache: a flushed cache says nothing about the worker.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from notifications.models import Heartbeat

LONGEST_SILENCE = timedelta(seconds=60)  # six beats
WORKER = "worker"


def beat() -> None:
    Heartbeat.objects.update_or_create(part=WORKER, defaults={"at": timezone.now()})


def last_beat() -> datetime | None:
    """When a worker last took a task; None where none ever did."""
    return Heartbeat.objects.filter(part=WORKER).values_list("at", flat=True).first()


def is_silent() -> bool:
    """Whether no worker has taken a task for a minute (or the scheduler gave none)."""
    last = last_beat()
    return last is None or timezone.now() - last > LONGEST_SILENCE
