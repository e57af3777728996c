"""The columns of the agenda's page: one for each agenda of a day, or one for each day of a week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.safestring import mark_safe

from appointments.free_time import DayOfAgenda, days_of_agendas
from appointments.models import Agenda, Closing
from appointments.openings import Span, merged
from appointments.slots import rounded_up
from portals.alike_rows import AlikeRows
from portals.practitioner.agenda_grid import Hours, Placed, hours_of, side_by_side
from portals.practitioner.agenda_place import AgendaPlace
from portals.practitioner.agenda_slots import CLOCK, MOST, Slot, slots_drawn, slots_of
from practices.models import Practice
from schema.composed import composed_once

WORKING_DAYS = 5  # of a week; the others are shown if something is on them
MOST_ON_A_SHEET = 8  # agendas that stay readable side by side on a printed sheet (A4, landscape)


@dataclass(frozen=True)
class Gap:
    """Free time that a link offers to book, from `start` (in the practice's time zone)."""

    agenda: Agenda
    start: datetime
    end: datetime

    @property
    def agenda_id(self) -> UUID:
        return self.agenda.pk


@dataclass
class Column:
    """One agenda of a day, or one day of a week. `open`, `closed`: classes that place the shading."""

    heading: str | date
    is_today: bool
    closings: list[Closing]
    open: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    entries: list[Placed[Slot | Gap]] = field(default_factory=list)
    drawn: str = ""  # the entries, as the HTML of list items
    lanes: int = 1
    now: str = ""
    documents_address: str = ""  # of a day of the week; the toolbar has that of the day shown alone
    index_address: str = ""  # the page that a telephone opens for a day of several agendas
    day: date | None = None
    agenda: Agenda | None = None  # the only one of the column

    @property
    def slots(self) -> list[Slot]:
        return [one.content for one in self.entries if isinstance(one.content, Slot)]

    @property
    def count(self) -> int:
        return len(self.slots)

    @property
    def has_appointments(self) -> bool:
        return bool(self.count)


@dataclass(frozen=True)
class Sheet:
    """Everything on some agendas of a practice, on some days."""

    agendas: Sequence[Agenda]
    days: list[date]
    found: dict[date, list[Slot]]
    closings: list[Closing]
    by_agenda: dict[UUID, DayOfAgenda]
    now: datetime
    zone_hours: Hours
    with_gaps: bool


def columns_of(
    practice: Practice, place: AgendaPlace, agendas: Sequence[Agenda], *, with_gaps: bool
) -> tuple[Hours, list[Column], datetime | None]:
    """The hours that the grid shows, its columns, and from when on appointments are left out because there are too
    many (None if all are there). `with_gaps`: with links that book free times; not where some are left out."""
    days = place.days
    slots = slots_of(practice, days, {one.pk for one in agendas})
    left_out, slots = (slots[MOST].local_start if len(slots) > MOST else None), slots[:MOST]
    closings = _closings(practice, days)
    by_agenda = days_of_agendas(agendas, days[0], days[-1], booked=slots, closings=closings)
    opened = [span for one in by_agenda.values() for span in one.open]
    hours = hours_of([*opened, *(_span(one) for one in slots)], days, practice.zone)
    by_day = defaultdict[date, list[Slot]](list)
    for one in slots:
        by_day[one.local_start.date()].append(one)
    sheet = Sheet(agendas, days, by_day, closings, by_agenda, timezone.now(), hours, with_gaps and left_out is None)
    if not place.by_week:
        return hours, [_column(sheet, place, days[0], [agenda], agenda.name) for agenda in agendas], left_out
    columns = [_column(sheet, place, day, agendas, day) for day in days]
    shown = [one for index, one in enumerate(columns) if one.has_appointments or one.open or index < WORKING_DAYS]
    return hours, shown, left_out


def draw(columns: Iterable[Column], *, books: bool, with_agenda: bool, current: UUID | None) -> None:
    """Fill in `drawn`. Arguments: as of agenda_slots.slots_drawn."""
    slot_drawn = slots_drawn(books=books, with_agenda=with_agenda, current=current)
    gaps = AlikeRows("practitioner/_agenda_gap.html", "starts", "from")

    def drawn(one: Slot | Gap) -> str:
        if isinstance(one, Slot):
            return slot_drawn(one)
        starts = one.start.isoformat()
        return gaps.drawn({"agenda": one.agenda}, **{"starts": starts[:16], "from": starts[CLOCK]})

    for column in columns:
        items = (f'<li class="{one.classes}">{drawn(one.content)}</li>' for one in column.entries)
        column.drawn = mark_safe("".join(items))  # noqa: S308  # output of templates, and names that are escaped


def paper_of(place: AgendaPlace, agendas: Sequence[Agenda]) -> str:
    """The class that lays out the page on paper: a sheet for each day of a week, with a column for each agenda; or
    lists in columns of text, for more agendas than that holds. Empty: the grid as on the screen."""
    if len(agendas) > MOST_ON_A_SHEET:
        return "on-lists"
    return f"on-sheets sheets-of-{len(agendas)}" if place.by_week and len(agendas) > 1 else ""


def _column(sheet: Sheet, place: AgendaPlace, day: date, agendas: Sequence[Agenda], heading: str | date) -> Column:
    ranks, hours = {one.pk: rank for rank, one in enumerate(agendas, 1)}, sheet.zone_hours
    slots = [one for one in sheet.found[day] if one.agenda_id in ranks]
    if len(ranks) > 1:
        slots.sort(key=lambda one: ranks[one.agenda_id])  # side by side in the order of the agendas
    appointments: list[Slot | Gap] = [*slots]
    gaps = _gaps(sheet, agendas[0], day) if sheet.with_gaps and len(agendas) == 1 else []  # of several: whose?
    entries, lanes = side_by_side(appointments + gaps, lambda one: hours.place_of(_span(one), day))
    if len(ranks) > 1:
        entries = [Placed(one.content, f"{one.classes} of-{ranks[one.content.agenda_id]}") for one in entries]
    whole_day = _day(day, hours)
    return Column(
        heading=heading,
        is_today=day == place.today,
        closings=[one for one in sheet.closings if _is_named(one, agendas) and _meet(_span(one), whole_day)],
        open=_shading(sheet, day, (sheet.by_agenda[key].open for key in ranks)),
        closed=_shading(sheet, day, (sheet.by_agenda[key].closed for key in ranks if len(ranks) == 1)),
        entries=entries,
        lanes=lanes,
        now=_now(sheet, day, place.today),
        documents_address=replace(place, day=day).documents_address if place.by_week else "",
        index_address=replace(place, day=day).as_day.address if place.by_week and len(ranks) > 1 else "",
        day=day,
        agenda=agendas[0] if len(agendas) == 1 else None,
    )


def _gaps(sheet: Sheet, agenda: Agenda, day: date) -> list[Slot | Gap]:
    """Free times to come, cut at whole hours so that each link is near the time it names."""
    zone = sheet.zone_hours.zone
    gaps: list[Slot | Gap] = []
    for start, end in sheet.by_agenda[agenda.pk].free:
        start = max(start, rounded_up(sheet.now))
        while start < end:
            local = start.astimezone(zone)
            cut = min(end, start + timedelta(minutes=60 - local.minute, seconds=-local.second))
            if local.date() == day:
                gaps.append(Gap(agenda, local, cut.astimezone(zone)))
            start = cut
    return gaps


def _span(one: Slot | Gap | Closing) -> Span:
    """On the clock of the practice, as far as it is known: converting a time costs more than placing it."""
    if isinstance(one, Slot):
        return one.local_start, one.local_end
    return (one.start, one.end) if isinstance(one, Gap) else (one.starts_at, one.ends_at)


def _is_named(closing: Closing, agendas: Sequence[Agenda]) -> bool:
    """Whether it is named above this column: it closes the column's only agenda, or the whole practice."""
    return closing.closes(agendas[0]) if len(agendas) == 1 else closing.whole_practice


def _meet(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _day(day: date, hours: Hours) -> Span:
    start = datetime.combine(day, time.min, hours.zone)
    return start, datetime.combine(day + timedelta(days=1), time.min, hours.zone)


def _shading(sheet: Sheet, day: date, spans: Iterable[list[Span]]) -> list[str]:
    places = (sheet.zone_hours.place_of(one, day) for one in merged(span for each in spans for span in each))
    return [f"at-{place[0]} for-{place[1]}" for place in places if place]


def _now(sheet: Sheet, day: date, today: date) -> str:
    local = sheet.now.astimezone(sheet.zone_hours.zone)
    shown = sheet.zone_hours.first <= local.hour < sheet.zone_hours.end
    return f"at-{sheet.zone_hours.row_of(sheet.now, day)}" if day == today and shown else ""


def _closings(practice: Practice, days: list[date]) -> list[Closing]:
    start = datetime.combine(days[0], time.min, practice.zone)
    end = datetime.combine(days[-1] + timedelta(days=1), time.min, practice.zone)
    return _closings_of(practice.pk, start, end)


@composed_once
def _closings_of(practice: UUID, start: datetime, end: datetime) -> QuerySet[Closing]:
    closings = Closing.objects.filter(practice=practice, starts_at__lt=end, ends_at__gt=start)
    return closings.select_related("practice").prefetch_related("agendas")
