"""After 30 days, a merge is final: what undoing it would need is deleted."""

from __future__ import annotations

from django.utils import timezone

from patients.models import RecordMerge
from patients.models.merge import UNDONE_WITHIN


def close_old_merges() -> int:
    """Returns how many. Harmless when repeated."""
    old = RecordMerge.objects.filter(merged_at__lte=timezone.now() - UNDONE_WITHIN).exclude(state=None)
    return old.update(state=None)
