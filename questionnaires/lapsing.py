"""Answers that were begun and never sent end thirty days after their last change."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from audit.trail import record
from questionnaires.models import DRAFTS_LAST, QuestionnaireResponse, ResponseState

BATCH = 200
DRAFT_DAYS = DRAFTS_LAST.days


def lapse_drafts() -> int:
    """Delete the drafts that ended, with a line of the trail for each; the number of them. Harmless when repeated."""
    count = 0
    while found := _lapse_some():
        count += found
    return count


@transaction.atomic
def _lapse_some() -> int:
    ended = QuestionnaireResponse.objects.filter(
        state=ResponseState.IN_PROGRESS, changed_at__lt=timezone.now() - DRAFTS_LAST
    )
    rows = list(ended.select_for_update(of=("self",), skip_locked=True).select_related("appointment")[:BATCH])
    for one in rows:
        appointment = one.appointment
        record("questionnaire.lapsed", by=None, on=one, practice=appointment.practice_id, within=appointment)
        one.delete()
    return len(rows)
