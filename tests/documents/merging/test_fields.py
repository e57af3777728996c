"""Whoever adds a field to a patient's record decides what merging does with it."""

from __future__ import annotations

from documents.merging.choices import saved
from patients.models import Patient

# The record's own key, practice and past; what each chose for itself; what follows from other fields.
NOT_MERGED = {"id", "practice", "language", "created_at", "search_text", "merged_into", "merged_at"}


def test_every_field_of_a_record_is_merged_or_says_why_not() -> None:
    fields = {field.name for field in Patient._meta.concrete_fields}
    merged = {name.removesuffix("_id") for name in saved(Patient())}
    assert fields - merged == NOT_MERGED, "add it to documents/merging/choices.py, or to NOT_MERGED with a reason"
