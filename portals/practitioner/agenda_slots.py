"""The appointments in the grid of the agenda: a week may have two thousand.

They are read as rows of the few columns that the grid shows. What many have in common (reason, place, documents) is
rendered once, by _agenda_slot.html, with marks where the id, the times and the name of each are filled in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Case, Count, F, QuerySet, Value, When
from django.template.loader import get_template
from django.utils.html import escape

from appointments.models import Appointment
from documents.models import (  # fmt: skip
    Consent,
    ConsentState,
    DocumentRequest,
    ReceivedDocument,
    ReceivedState,
    SharedDocument,
    Task,
    TaskState,
)
from documents.models.receiving import WAITS_FOR_PATIENT
from documents.sharing import deliveries
from practices.models import Practice

# Stand in a template for what differs from one appointment to the next. The id is of no appointment, the others are
# for private use: in no word of a template.
MARKS = {
    "pk": UUID("00000000-0000-4000-8000-00000000a9e2"),
    "starts": "\ue000",
    "from": "\ue001",
    "to": "\ue002",
    "who": "\ue003",
}
NAMES = {str(mark): name for name, mark in MARKS.items()}
PLACES = re.compile("|".join(NAMES))
CLOCK = slice(11, 16)  # 09:00, of an ISO 8601 date and time
NOTHING = (0,) * 10  # the counts of an appointment without anything around it
MOST = 2_000  # appointments of one page: a full week of ten agendas has 1,750


class Look(NamedTuple):
    """What appointments that look the same have in common; in the order of the columns that are read."""

    hue: int
    reason: str
    kind: str
    agenda_id: UUID
    agenda_name: str
    status: str
    # What their icons show: read documents, unread ones, those whose message failed, those to sign and sent back
    # unsigned; what is asked of the patient and has not come, and what came and nobody has accepted or refused;
    # signatures that are asked of the patient, those given, and those refused or withdrawn.
    read_count: int
    unread_count: int
    failed_count: int
    to_sign_count: int
    sent_back_count: int
    asked_count: int
    received_count: int
    unsigned_count: int
    signed_count: int
    not_signed_count: int

    @property
    def document_count(self) -> int:
        return self.read_count + self.unread_count

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

    @property
    def agenda_id(self) -> UUID:
        return self.look.agenda_id

    @property
    def status(self) -> str:
        return self.look.status


def slots_of(practice: Practice, days: list[date], agendas: Collection[UUID]) -> list[Slot]:
    """In order of time; the first MOST of them, and one more if there are more."""
    found = Appointment.objects.between_days(days[0], days[-1] + timedelta(days=1), practice).filter(
        agenda__in=agendas
    )
    own = ("pk", "starts_at", "ends_at", "patient__first_name", "patient__last_name", "confirmed_at")
    common = ("visit_reason__hue", "visit_reason__name", "kind", "agenda", "agenda__name", "status")
    rows: Iterable[Any] = found.order_by("starts_at", "id").values_list(*own, *common)[: MOST + 1]
    counts, zone = _counts(practice, found), practice.zone
    return [
        Slot(
            pk=pk,
            starts_at=start,
            ends_at=end,
            local_start=start.astimezone(zone),
            local_end=end.astimezone(zone),
            who=f"{first} {last}",
            confirmed=confirmed_at is not None,
            look=Look(*same, *counts.get(pk, NOTHING)),
        )
        for pk, start, end, first, last, confirmed_at, *same in rows
    ]


def _counts(practice: Practice, appointments: QuerySet[Appointment]) -> dict[UUID, list[int]]:
    """The last columns of Look, of the appointments that have something around them; one query for all.

    Counted from what is around them: grouping appointments, SQLite would read every one there is.
    """
    documents = SharedDocument.objects.all()
    tasks = Task.objects.filter(state__in=[TaskState.WAITING, TaskState.SENT_BACK])
    of_consent = Case(When(state=ConsentState.ASKED, then=7), When(state=ConsentState.SIGNED, then=8), default=9)
    own = "appointment"
    counted: list[tuple[QuerySet[Any], str, Any]] = [  # the way to the appointment, and the column of each row
        (documents, own, Case(When(first_read_at=None, then=1), default=0)),
        (deliveries.unreached(documents, practice.pk), own, Value(2)),
        (tasks, own, Case(When(state=TaskState.WAITING, then=3), default=4)),
        (DocumentRequest.objects.filter(state__in=WAITS_FOR_PATIENT), own, Value(5)),
        (ReceivedDocument.objects.filter(state=ReceivedState.WAITING), own, Value(6)),
        (Consent.objects.all(), "document__appointment", of_consent),
    ]
    theirs = appointments.order_by().values("pk")
    first, *others = (
        rows.filter(**{f"{way}__in": theirs})
        .order_by()
        .values(of=F(way), column=column)
        .annotate(number=Count("pk", distinct=True))
        .values_list("of", "column", "number")
        for rows, way, column in counted
    )
    found: dict[UUID, list[int]] = {}
    for pk, column, number in first.union(*others, all=True):
        found.setdefault(pk, [*NOTHING])[column] = number
    return found


def slots_drawn(*, books: bool, with_agenda: bool, current: UUID | None) -> Callable[[Slot], str]:
    """Draws a slot as HTML. `books`: with addresses to move and share; `current`: the one whose panel is open."""
    template = get_template("practitioner/_agenda_slot.html")
    known: dict[tuple[Look, bool, bool], str] = {}

    def drawn(one: Slot) -> str:
        key = one.look, one.confirmed, one.pk == current
        if key not in known:
            shown = {"confirmed": one.confirmed, "current": key[2], "books": books, "with_agenda": with_agenda}
            known[key] = pattern(template.render({"one": one.look, **MARKS, **shown}))
        starts, ends = one.local_start.isoformat(), one.local_end.isoformat()
        return known[key] % {
            "pk": str(one.pk),  # once: it stands several times in each
            "starts": starts,
            "from": starts[CLOCK],
            "to": ends[CLOCK],
            "who": escape(one.who),
        }

    return drawn


def pattern(html: str) -> str:
    """The output of a template as a format, whose places are those of MARKS."""
    return PLACES.sub(lambda found: f"%({NAMES[found[0]]})s", html.replace("%", "%%"))
