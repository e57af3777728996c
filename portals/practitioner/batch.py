"""One batch of documents for several patients: what would happen, then what happened, line by line."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from appointments.models import Appointment
from appointments.recipients import Audience, Recipient
from documents.models import ShareBatch, ShareBatchLine
from documents.models.batch import LineReason, LineState
from documents.sharing.batches import OPEN_STATES, choose, draft_again, lines_of, outlooks, recipients_of
from documents.undoing.batches import start_for_now
from portals.answers import done, refusals_shown
from portals.clock import set_clock
from portals.practitioner.day_documents import uuids
from portals.practitioner.staff import frame, staff_only
from portals.practitioner.undo_offer import batch_undo, offer_to_undo, session_mark
from portals.who_has import masked_contacts
from practices.roles import may_share

MOODS = {
    LineState.DRAFT: ("soft", "send"),
    LineState.LEFT_OUT: ("soft", "slash-circle"),
    LineState.PLANNED: ("wait", "hourglass-split"),
    LineState.SENT: ("good", "check2"),
    LineState.ALREADY: ("soft", "check2-all"),
    LineState.NOT_READY: ("wait", "exclamation-circle"),
    LineState.FAILED: ("bad", "exclamation-triangle"),
}
HELD_UP = (LineState.NOT_READY, LineState.FAILED)
LINES_A_PAGE, ROW_IN_LINES = 120, 2  # of documents; the name and the form of a row count as two more


@dataclass(frozen=True)
class Cell:
    """One document of a row. `goes`: in a draft, whether it would be sent."""

    line: ShareBatchLine
    state: LineState
    words: str
    reason: str
    goes: bool = False

    @property
    def mood(self) -> str:
        return MOODS[self.state][0]

    @property
    def icon(self) -> str:
        return MOODS[self.state][1]


@dataclass
class Row:
    """One appointment; None if it was deleted. `mend`: where staff settle what holds it up, and in which words.
    `reason`: of all its documents; else each has its own."""

    appointment: Appointment | None
    who: str = ""
    reason: str = ""
    mend: tuple[str, str] | None = None
    cells: list[Cell] = field(default_factory=list)

    @property
    def states(self) -> set[LineState]:
        return {cell.state for cell in self.cells}


@dataclass(frozen=True)
class Part:
    heading: str
    rows: list[Row]


@staff_only
@require_safe
def batch(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    batch = batch_of(user, pk)
    context = frame(request, user, "agenda", practice=batch.practice, **_state(request, batch, user))
    context["undo"] = batch_undo(batch, user, session_mark(request)) or context["undo"]
    return render(request, "practitioner/batch.html", context)


@staff_only
@require_safe
def batch_state(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The part of the page that changes: polled while lines wait."""
    batch = batch_of(user, pk)
    set_clock(batch.practice)
    return render(request, "practitioner/_batch_state.html", _state(request, batch, user))


@staff_only
@require_POST
def batch_choose(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The documents of one row."""
    batch = batch_of(user, pk)
    with refusals_shown(request) as refusal:
        for appointment in uuids([request.POST.get("appointment", "")]):
            choose(batch=batch, appointment=appointment, documents=uuids(request.POST.getlist("document")), by=user)
    return refusal.redirect(f"{reverse('practitioner:batch', args=[pk])}?{urlencode({'page': _asked_page(request)})}")


@staff_only
@require_POST
def batch_send(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    batch = batch_of(user, pk)
    with refusals_shown(request) as refusal:
        offer_to_undo(request, start_for_now(batch=batch, by=user, session=session_mark(request)))
    return refusal.redirect("practitioner:batch", pk=pk)


@staff_only
@require_POST
def batch_again(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """What did not go, as a new draft."""
    batch = batch_of(user, pk)
    with refusals_shown(request) as refusal:
        return done("practitioner:batch", pk=draft_again(batch=batch, by=user).pk)
    return refusal.redirect("practitioner:batch", pk=pk)


def batch_of(user: User, pk: uuid.UUID) -> ShareBatch:
    """Activates the time zone of its practice. Raises Http404."""
    of_staff = ShareBatch.objects.of_staff(user).select_related("practice", "sent_by")
    batch = get_object_or_404(of_staff, pk=pk)
    set_clock(batch.practice)
    return batch


def _state(request: HttpRequest, batch: ShareBatch, user: User) -> dict[str, Any]:
    rows = _rows(batch, lines_of(batch))
    counts = Counter(cell.state for row in rows for cell in row.cells)
    going = [row for row in rows if any(cell.goes for cell in row.cells)]
    return {
        "batch": batch,
        "page": _page(_parts(rows, is_draft=batch.sent_at is None), _asked_page(request)),
        "counts": {state.value: counts[state] for state in LineState},
        "ready": sum(cell.goes for row in going for cell in row.cells),
        "ready_rows": len(going),
        "waiting": counts[LineState.PLANNED],
        "total": sum(counts[state] for state in LineState if state not in (LineState.ALREADY, *OPEN_STATES)),
        "can_again": any(counts[state] for state in HELD_UP) and batch.sent_at is not None,
        "may_share": may_share(user, batch.practice),
        "back": f"{reverse('practitioner:day-documents')}?date={batch.day.isoformat()}",
    }


def _asked_page(request: HttpRequest) -> str:
    return (request.POST if request.method == "POST" else request.GET).get("page", "")


def _page(parts: list[Part], asked: str) -> Page[list[Part]]:
    """As many rows as make about 100 kB, of one part or several. `asked`: its number; anything else is the first."""
    pages: list[list[Part]] = [[]]
    left = LINES_A_PAGE
    for part in parts:
        pages[-1].append(Part(part.heading, []))
        for row in part.rows:
            takes = len(row.cells) + ROW_IN_LINES
            if takes > left and pages[-1][0].rows:
                pages.append([Part(part.heading, [])])
                left = LINES_A_PAGE
            pages[-1][-1].rows.append(row)
            left -= takes
    return Paginator(pages, 1).get_page(asked)


def _rows(batch: ShareBatch, lines: list[ShareBatchLine]) -> list[Row]:
    """One for each appointment. In a draft, with what sending now would do."""
    is_draft = batch.sent_at is None
    recipients = recipients_of(lines) if is_draft else {}
    ahead = outlooks([line for line in lines if line.state == LineState.DRAFT], recipients) if is_draft else {}
    rows = []
    for _pk, theirs in groupby(lines, key=lambda line: line.appointment_id):
        row = Row(None)
        for line in theirs:
            row.appointment = line.appointment
            outlook = ahead.get(line.pk)
            goes = outlook is not None and outlook.state is LineState.PLANNED
            state = LineState(line.state) if outlook is None or goes else outlook.state
            reason = outlook.reason if outlook else line.reason
            row.cells.append(
                Cell(
                    line, state, _words(line, state, goes=goes), str(LineReason(reason).label) if reason else "", goes
                )
            )
            row.mend = row.mend or _mend(line.appointment, reason)
        if len({cell.reason for cell in row.cells}) == 1:
            row.reason = row.cells[0].reason
        if row.appointment and (recipient := recipients.get(row.appointment.pk)):
            row.who = _who(row.appointment, recipient)
        rows.append(row)
    return rows


def _words(line: ShareBatchLine, state: LineState, *, goes: bool) -> str:
    if goes:
        return _("prêt")
    if state is LineState.SENT and line.shared_id is None:
        return _("partagé, puis retiré")
    return str(state.label)


def _who(appointment: Appointment, recipient: Recipient) -> str:
    """Who would receive; "" while nobody may."""
    if not recipient.is_ready:
        return ""
    if recipient.audience is Audience.HOLDER and recipient.holder is not None:
        who = _("%(name)s, qui a pris le rendez-vous (%(contacts)s)")
        return who % {"name": recipient.holder, "contacts": masked_contacts(recipient.holder.email)}
    patient = appointment.patient
    return f"{patient.full_name} ({masked_contacts(patient.email, patient.mobile)})"


def _mend(appointment: Appointment | None, reason: str) -> tuple[str, str] | None:
    if appointment is None:
        return None
    words = {
        LineReason.CONTACTS: _("Compléter ou confirmer les coordonnées"),
        LineReason.AUTHORISATION: _("Décider qui peut recevoir"),
        LineReason.CANNOT_WRITE: _("Partager depuis le rendez-vous"),
        LineReason.GAVE_UP: _("Partager depuis le rendez-vous"),
    }
    if reason == LineReason.BLANKS:
        return reverse("practitioner:fill-choose", args=[appointment.pk]), _("Remplir un modèle")
    same = [words[one] for one in words if one == reason]
    return (reverse("practitioner:share", args=[appointment.pk]), same[0]) if same else None


def _parts(rows: list[Row], *, is_draft: bool) -> list[Part]:
    """What is held up first: somebody has to do something about it."""
    held = [row for row in rows if row.states & set(HELD_UP)]
    left = [row for row in rows if row not in held]
    moves = {LineState.DRAFT} if is_draft else {LineState.SENT, LineState.PLANNED}
    goes = [row for row in left if row.states & moves]
    none = [row for row in left if row not in goes]
    parts = [
        Part(_heading(_("Pas prêts"), held) if is_draft else _heading(_("Ce qui n’est pas parti"), held), held),
        Part(_heading(_("Prêts à partir"), goes) if is_draft else _heading(_("Partagés"), goes), goes),
        Part(_heading(_("Rien à envoyer"), none), none),
    ]
    return [part for part in parts if part.rows]


def _heading(words: str, rows: list[Row]) -> str:
    count = ngettext("%(count)s rendez-vous", "%(count)s rendez-vous", len(rows)) % {"count": len(rows)}
    return f"{words} ({count})"
