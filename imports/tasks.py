"""Tasks of imports. The rows are the queue."""

from __future__ import annotations

from celery import shared_task

from imports import calendar_runs
from imports.running import run_due
from imports.steering import forget_old
from jobs.exclusive import OneAtATime

RUNNING = OneAtATime(seconds=240)
READING = OneAtATime(seconds=60)  # a reading begun at the end may take three minutes more


@shared_task(expires=60)
def run_imports() -> None:
    """Run due imports until none is. Harmless when repeated: a worker holds an import under a lease, and does each
    part once."""
    if RUNNING.run(run_due):
        run_imports.delay()


@shared_task(expires=60)
def read_calendars() -> None:
    """Read the calendars that are due. Harmless when repeated: a worker holds each under a lease, and a reading that
    finds what the last one found changes nothing."""
    if READING.run(calendar_runs.run_due):
        read_calendars.delay()


@shared_task
def forget_old_imports() -> None:
    """Remove files and reports after a week. Harmless when repeated."""
    forget_old()
