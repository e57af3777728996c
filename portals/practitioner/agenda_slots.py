"""The appointments in the grid of the agenda: a week may have two thousand.

They are read as rows of the few columns that the grid shows. What many have in common (reason, place, documents) is
rendered once, by _agenda_slot.html, with marks where the id, the times and the name of each are filled in.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, Q
from django.template.loader import get_template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from appointments.models import Appointment
from documents.models import SharedDocument, TaskState
from documents.sharing import deliveries
from practices.models import Practice

MARKED_ID = UUID("00000000-0000-4000-8000-00000000a9e2")  # of no appointment
STARTS, FROM, TO, WHO = "\ue000", "\ue001", "\ue002", "\ue003"  # for private use: in no word of a template
MARKS = re.compile(f"({MARKED_ID}|[{STARTS}{FROM}{TO}{WHO}])")


class Look(NamedTuple):
    """What appointments that look the same have in common; in the order of the columns that are read."""

    hue: int
    reason: str
    kind: str
    agenda_id: UUID
    agenda_name: str
    status: str
    # What their icons show: documents, unread ones, those whose message failed, those to sign and sent back unsigned.
    document_count: int
    unread_count: int
    failed_count: int
    to_sign_count: int
    sent_back_count: int

    @property
    def read_count(self) -> int:
        return self.document_count - self.unread_count

    @property
    def task_count(self) -> int:
        return self.to_sign_count + self.sent_back_count


@dataclass(slots=True)
class Slot:
    """An appointment in the grid; `local_start`, `local_end`: on the clock of its practice."""

    pk: UUID
    starts_at: datetime
    ends_at: datetime
    local_start: datetime
    local_end: datetime
    who: str
    confirmed: bool
    look: Look
    drawn: str = ""  # HTML

    @property
    def agenda_id(self) -> UUID:
        return self.look.agenda_id

    @property
    def status(self) -> str:
        return self.look.status


def slots_of(practice: Practice, days: list[date], agendas: Collection[UUID]) -> list[Slot]:
    """In order of time."""
    found = Appointment.objects.between_days(days[0], days[-1] + timedelta(days=1), practice)
    unheard = deliveries.unreached(SharedDocument.objects.filter(practice=practice)).values("pk")
    counted = found.annotate(
        document_count=Count("shared_documents", distinct=True),
        unread_count=Count("shared_documents", filter=Q(shared_documents__first_read_at=None), distinct=True),
        failed_count=Count("shared_documents", filter=Q(shared_documents__in=unheard), distinct=True),
        to_sign_count=Count("tasks", filter=Q(tasks__state=TaskState.WAITING), distinct=True),
        sent_back_count=Count("tasks", filter=Q(tasks__state=TaskState.SENT_BACK), distinct=True),
    ).order_by("starts_at", "id")
    own = ("pk", "starts_at", "ends_at", "patient__first_name", "patient__last_name", "confirmed_at")
    common = ("visit_reason__hue", "visit_reason__name", "kind", "agenda", "agenda__name", "status")
    counts = ("document_count", "unread_count", "failed_count", "to_sign_count", "sent_back_count")
    rows: Iterable[Any] = counted.values_list(*own, *common, *counts)
    zone = practice.zone
    return [
        Slot(
            pk=pk,
            starts_at=start,
            ends_at=end,
            local_start=start.astimezone(zone),
            local_end=end.astimezone(zone),
            who=f"{first} {last}",
            confirmed=confirmed_at is not None,
            look=look,
        )
        for pk, start, end, first, last, confirmed_at, *rest in rows
        if (look := Look._make(rest)).agenda_id in agendas
    ]


def draw(slots: Iterable[Slot], *, books: bool, with_agenda: bool, current: UUID | None) -> None:
    """Fill in `drawn`. `books`: with the addresses that move and share; `current`: the one whose panel is open."""
    template = get_template("practitioner/_agenda_slot.html")
    marks = {"pk": MARKED_ID, "starts": STARTS, "from": FROM, "to": TO, "who": WHO}
    known: dict[tuple[Look, bool, bool], list[str]] = {}
    for one in slots:
        key = one.look, one.confirmed, one.pk == current
        if key not in known:
            shown = {"confirmed": one.confirmed, "current": key[2], "books": books, "with_agenda": with_agenda}
            known[key] = MARKS.split(template.render({"one": one.look, **marks, **shown}))
        one.drawn = _filled_in(known[key], one)


def _filled_in(parts: list[str], one: Slot) -> SafeString:
    """`parts`: of the template's output, which is safe, and marks in turn."""
    values = {
        str(MARKED_ID): str(one.pk),
        STARTS: one.local_start.isoformat(),
        FROM: f"{one.local_start:%H:%M}",
        TO: f"{one.local_end:%H:%M}",
        WHO: escape(one.who),
    }
    filled = [values[part] if index % 2 else part for index, part in enumerate(parts)]
    return mark_safe("".join(filled))  # noqa: S308  # escaped above, or by the template
