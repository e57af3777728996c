"""What patients' records do by the clock."""

from __future__ import annotations

from celery import shared_task
from django.db import transaction

from patients import givers
from patients.models import Patient

BATCH = 500


@shared_task
def fill_search_texts() -> None:
    """For records of a version that wrote none. Harmless when repeated: what has one is left alone."""
    while _fill_batch():
        continue


@shared_task
def note_givers() -> None:
    """For contacts that the last release took from bookers. Harmless when repeated: what is noted is left alone."""
    while givers.note_givers() == givers.BATCH:
        continue


@transaction.atomic
def _fill_batch() -> int:
    batch = list(Patient.objects.select_for_update().filter(search_text=None)[:BATCH])
    for one in batch:
        one.save(update_fields=["search_text"])
    return len(batch)
