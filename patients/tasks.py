"""Periodic tasks of patients' records."""

from __future__ import annotations

from celery import shared_task
from django.db import transaction

from patients import givers
from patients.models import Patient
from patients.sign_up import forget_old_sign_ups

BATCH = 500


@shared_task
def fill_search_texts() -> None:
    """Fill in search texts missing from rows of older versions. Harmless when repeated: complete rows are skipped."""
    while _fill_batch():
        continue


@shared_task
def forget_sign_ups() -> None:
    """Remove what people typed and never finished. Harmless when repeated."""
    forget_old_sign_ups()


@shared_task
def note_givers() -> None:
    """Record the givers of contacts stored by the previous release. Harmless when repeated: complete rows are
    skipped."""
    while givers.note_givers() == givers.BATCH:
        continue


@transaction.atomic
def _fill_batch() -> int:
    batch = list(Patient.objects.select_for_update().filter(search_text=None)[:BATCH])
    for one in batch:
        one.save(update_fields=["search_text"])
    return len(batch)
