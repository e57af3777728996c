"""The history of a record, with those of records that became part of it: corrected names and birth dates from what to
what, contacts, accesses, merges."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from appointments.history import history_of_record
from audit.events import words_for_practice
from patients.merges import records_in
from patients.models import IdentityChange
from portals.pagination import list_page
from portals.practitioner.history_words import beside
from portals.practitioner.merge_form import LABELS
from portals.practitioner.staff import frame, patient_of, staff_only
from portals.templatetags.presentation import short_day

SHOWN = 100  # actions
CORRECTED = "patient.changed"  # shown by what changed instead


@dataclass(frozen=True)
class Line:
    at: datetime
    actor: User | None
    words: str
    notes: list[str]


@staff_only
@require_safe
def record_history(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    patient = patient_of(user, pk)
    changes = IdentityChange.objects.filter(patient__in=records_in(patient.pk)).select_related(
        "changed_by", "patient"
    )
    page = list_page(request, history_of_record(patient).exclude(action=CORRECTED), rows=SHOWN)
    people = User.objects.in_bulk({one.actor_id for one in page if one.actor_id})
    shown = [
        Line(one.at, people.get(one.actor_id) if one.actor_id else None, words_for_practice(one.action), [])
        for one in page
    ]
    shown += [
        Line(one.changed_at, one.changed_by, _("Identité corrigée"), [_from_to(one)])
        for one in beside(page, changes, "changed_at")
    ]
    shown.sort(key=lambda line: line.at, reverse=True)
    context = frame(request, user, "patients", practice=patient.practice, patient=patient, lines=shown, page=page)
    return render(request, "practitioner/record_history.html", context)


def _from_to(change: IdentityChange) -> str:
    sentence = _("%(part)s : %(now)s (avant : %(before)s).")
    before, after = change.before, change.after
    if change.field == "birth_date":
        before, after = (short_day(date.fromisoformat(one)) for one in (before, after))
    return sentence % {"part": LABELS[change.field], "now": after, "before": before}
