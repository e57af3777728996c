"""The appointments in the grid of the agenda: a week may have two thousand.

They are read as rows of the few columns that the grid shows. What many have in common (reason, place, documents) is
rendered once, by _agenda_slot.html (portals/alike_rows.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Case, Count, F, QuerySet, Value, When

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
from portals.alike_rows import AlikeRows
from practices.models import Practice
from schema.composed import composed_once

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
    zone = practice.zone
    start = datetime.combine(days[0], time.min, zone)
    end = datetime.combine(days[-1] + timedelta(days=1), time.min, zone)
    shown = practice.pk, start, end, tuple(agendas)
    counts = _counts(*shown)
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
        for pk, start, end, first, last, confirmed_at, *same in _rows(*shown, MOST + 1)
    ]


@composed_once
def _rows(practice: UUID, start: datetime, end: datetime, agendas: tuple[UUID, ...], most: int) -> QuerySet[Any, Any]:
    own = ("pk", "starts_at", "ends_at", "patient__first_name", "patient__last_name", "confirmed_at")
    common = ("visit_reason__hue", "visit_reason__name", "kind", "agenda", "agenda__name", "status")
    found = _within(practice, start, end, agendas).order_by("starts_at", "id")
    return found.values_list(*own, *common)[:most]


def _within(practice: UUID, start: datetime, end: datetime, agendas: tuple[UUID, ...]) -> QuerySet[Appointment]:
    return Appointment.objects.between(start, end, practice).filter(agenda__in=agendas)


def _counts(practice: UUID, start: datetime, end: datetime, agendas: tuple[UUID, ...]) -> dict[UUID, list[int]]:
    """The last columns of Look, of the appointments that have something around them; one query for all, and one for
    failed messages if the practice has any.

    Counted from what is around them: grouping appointments, SQLite would read every one there is.
    """
    rows = _counted(practice, start, end, agendas)
    if named := deliveries.named_by_failures(practice):
        unreached = deliveries.unreached(SharedDocument.objects.all(), practice, named)
        rows += _grouped(unreached, "appointment", Value(2), _within(practice, start, end, agendas))
    found: dict[UUID, list[int]] = {}
    for pk, column, number in rows:
        found.setdefault(pk, [*NOTHING])[column] = number
    return found


@composed_once
def _counted(practice: UUID, start: datetime, end: datetime, agendas: tuple[UUID, ...]) -> QuerySet[Any, Any]:
    tasks = Task.objects.filter(state__in=[TaskState.WAITING, TaskState.SENT_BACK])
    of_consent = Case(When(state=ConsentState.ASKED, then=7), When(state=ConsentState.SIGNED, then=8), default=9)
    own = "appointment"
    counted: list[tuple[QuerySet[Any], str, Any]] = [  # the way to the appointment, and the column of each row
        (SharedDocument.objects.all(), own, Case(When(first_read_at=None, then=1), default=0)),
        (tasks, own, Case(When(state=TaskState.WAITING, then=3), default=4)),
        (DocumentRequest.objects.filter(state__in=WAITS_FOR_PATIENT), own, Value(5)),
        (ReceivedDocument.objects.filter(state=ReceivedState.WAITING), own, Value(6)),
        (Consent.objects.all(), "document__appointment", of_consent),
    ]
    shown = _within(practice, start, end, agendas)
    first, *others = (_grouped(rows, way, column, shown) for rows, way, column in counted)
    union: QuerySet[Any, Any] = first.union(*others, all=True)
    return union


def _grouped(rows: QuerySet[Any], way: str, column: Any, shown: QuerySet[Appointment]) -> QuerySet[Any, Any]:
    """An appointment, a column of Look and a number. `way`: from a row to its appointment."""
    of_shown = rows.filter(**{f"{way}__in": shown.order_by().values("pk")}).order_by()
    counted = of_shown.values(of=F(way), column=column).annotate(number=Count("pk", distinct=True))
    grouped: QuerySet[Any, Any] = counted.values_list("of", "column", "number")
    return grouped


def slots_drawn(*, books: bool, with_agenda: bool, current: UUID | None) -> Callable[[Slot], str]:
    """Draws a slot as HTML. `books`: with addresses to move and share; `current`: the one whose panel is open."""
    rows = AlikeRows(
        "practitioner/_agenda_slot.html", "starts", "from", "to", "who", books=books, with_agenda=with_agenda
    )

    def drawn(one: Slot) -> str:
        look = {"one": one.look, "confirmed": one.confirmed, "current": one.pk == current}
        starts, ends = one.local_start.isoformat(), one.local_end.isoformat()
        times = {"starts": starts, "from": starts[CLOCK], "to": ends[CLOCK]}
        return rows.drawn(look, pk=one.pk, who=one.who, **times)

    return drawn
