"""A patient's answers to the same questionnaire by date, with their scores. Each is opened first, as on its own
page."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from documents.models import DocumentRequest
from documents.receiving.access import requests_of_staff
from patients.models import Patient
from portals.answers import done
from portals.practitioner.responses import is_opened, note_opened
from portals.practitioner.staff import frame, patient_of, staff_only
from portals.questions import decimal_words
from questionnaires.comparing import Compared, compared_over_time
from questionnaires.fhir.scores import Score

LISTED = 200


@dataclass(frozen=True)
class Row:
    """`score`, `words`: "" without a score, and before it is opened."""

    asked: DocumentRequest
    opened: bool
    score: str = ""
    words: str = ""


@dataclass(frozen=True)
class Table:
    """The oldest first. `trend`: the first and the last score in one sentence."""

    title: str
    rows: list[Row]
    has_scores: bool
    trend: str


@staff_only
@require_safe
def compared(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = patient_of(user, pk)
    asked = _answered(user, found)
    tables = [_table(request, one, asked) for one in compared_over_time(found)]
    unopened = sum(not row.opened for table in tables for row in table.rows)
    context = frame(
        request, user, "patients", practice=found.practice, patient=found, tables=tables, unopened=unopened
    )
    return render(request, "practitioner/compared.html", context)


@staff_only
@require_POST
def open_all(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    found = patient_of(user, pk)
    with transaction.atomic():
        note_opened(request, user, [one for one in _answered(user, found).values() if not is_opened(request, one)])
    return done("practitioner:patient-answers", pk=found.pk)


def _answered(user: User, patient: Patient) -> dict[uuid.UUID | None, DocumentRequest]:
    """By response; the newest ones."""
    found = requests_of_staff(user).filter(appointment__patient=patient, response__isnull=False)
    return {one.response_id: one for one in found.order_by("-settled_at", "-id")[:LISTED]}


def _table(request: HttpRequest, one: Compared, asked: dict[uuid.UUID | None, DocumentRequest]) -> Table:
    shown = [(asked[response.pk], score) for response, score in one.scores if response.pk in asked]
    opened = [score.total for found, score in shown if score and is_opened(request, found)]
    return Table(
        one.title,
        [_row(found, score, opened=is_opened(request, found)) for found, score in shown],
        one.has_scores,
        _trend(opened),
    )


def _row(asked: DocumentRequest, score: Score | None, *, opened: bool) -> Row:
    if score is None or not opened:
        return Row(asked, opened)
    return Row(asked, opened, decimal_words(score.total), score.words)


def _trend(totals: list[Decimal]) -> str:
    if len(totals) < 2:
        return ""
    first, last = decimal_words(totals[0]), decimal_words(totals[-1])
    if totals[0] == totals[-1]:
        return _("Le score est le même qu’au début : %(last)s.") % {"last": last}
    return _("Premier score : %(first)s. Dernier score : %(last)s.") % {"first": first, "last": last}
