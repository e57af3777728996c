"""When the parts of the installation last showed that they work.

A worker: a task that only records when it ran. The scheduler: when it last put that task in the queue. Others (the
mail server, the virus scanner…): when they last answered a worker's check. Stored in rows and not in the cache,
because flushing the cache would lose them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from jobs.models import Heartbeat

LONGEST_SILENCE = timedelta(seconds=60)  # six beats
WORKER, SCHEDULER = "worker", "scheduler"


def mark(part: str) -> None:
    """Record that this part works now. `part`: at most 20 characters."""
    Heartbeat.objects.update_or_create(part=part, defaults={"at": timezone.now()})


def last(part: str) -> datetime | None:
    """When this part last worked; None if it never did."""
    return Heartbeat.objects.filter(part=part).values_list("at", flat=True).first()


def last_of_all() -> dict[str, datetime]:
    """Part -> when it last worked."""
    return dict(Heartbeat.objects.values_list("part", "at"))


def is_silent(at: datetime | None) -> bool:
    """Whether a worker or the scheduler that last worked `at` has been silent for a minute."""
    return at is None or timezone.now() - at > LONGEST_SILENCE
