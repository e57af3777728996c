"""Celery tasks: archives of people's own data, and of practices."""

from __future__ import annotations

from celery import shared_task

from jobs.exclusive import OneAtATime
from personal_data import data_exports, growth, practice_exports

MAKING = OneAtATime(seconds=200)
MAKING_OF_PRACTICES = OneAtATime(seconds=200)
HOUR = 3600  # a practice may have gigabytes; the lease is renewed meanwhile, so that no second worker begins


@shared_task
def make_exports() -> None:
    """Make what is requested, until nothing is. Harmless when repeated: archives made are no longer due."""
    if MAKING.run(data_exports.make_next):
        make_exports.delay()  # a further task continues


@shared_task
def remove_expired() -> None:
    """Remove archives a week old. Harmless when repeated."""
    data_exports.remove_expired()
    practice_exports.remove_expired()


@shared_task(soft_time_limit=HOUR, time_limit=HOUR + 60)
def make_practice_exports() -> None:
    """Make what is requested, until nothing is. Harmless when repeated: archives made are no longer due."""
    if MAKING_OF_PRACTICES.run(practice_exports.make_next):
        make_practice_exports.delay()  # a further task continues


@shared_task
def fill_practices() -> None:
    """Fill in the practice of rows that the previous release wrote. Harmless when repeated."""
    growth.fill_practices()
