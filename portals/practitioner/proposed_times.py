"""The time that the page of a new appointment proposes: never in the past, and free if possible."""

from __future__ import annotations

import uuid
from datetime import datetime, time, timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.free_time import shortest_reasons
from appointments.models import Agenda, SlotHold
from appointments.openings import moment_on_clock
from appointments.staff_times import first_free
from notifications.wording import clock
from portals.days import day_of
from practices.models import Practice
from schema.composed import composed_once

AHEAD = timedelta(days=14)  # how far to search for the next free time
COMPARED = 10  # agendas, if none is chosen yet
MORNING = time(9)


def agenda_asked_for(practice: Practice, asked: str | None) -> Agenda | None:
    """The open agenda with this id, if the practice has it."""
    try:
        return next(iter(_active_one(practice.pk, uuid.UUID(asked or ""))), None)
    except ValueError:
        return None


def proposed_start(practice: Practice, asked: str, *, agenda: Agenda | None) -> datetime:
    """In the practice's time zone. `asked`: the day open in the agenda ("2026-11-24"), or a time in it
    ("2026-11-24T09:00"), which is proposed unchanged. Past times are ignored."""
    now = timezone.now()
    day = day_of(asked[:10])
    if day is not None and (exact := _exact(asked, practice)) and exact > now:
        return exact
    today = timezone.localdate(now, practice.zone)
    later = day is not None and day > today
    after = moment_on_clock(day, time.min, practice.zone) if day is not None and later else now
    last = day if day is not None and later else today + AHEAD
    compared = [agenda] if agenda else _active(practice.pk, COMPARED)
    free = first_free(shortest_reasons(compared), after=after, last=last)
    if free is not None:
        return free
    morning = day if day is not None and later else today + timedelta(days=1)
    return timezone.localtime(moment_on_clock(morning, MORNING, practice.zone), practice.zone)


def held_words(start: datetime, agenda: Agenda) -> str:
    """That a patient who books online holds the proposed time, and until when; "" if nobody does."""
    minutes = shortest_reasons([agenda])[agenda]
    held = SlotHold.objects.live_over(agenda, start, start + timedelta(minutes=minutes)).first()
    if held is None:
        return ""
    until = clock(timezone.localtime(held.expires_at, agenda.practice.zone))
    return _("Ce créneau est retenu par un patient jusqu’à %(until)s.") % {"until": until}


def _exact(asked: str, practice: Practice) -> datetime | None:
    try:
        typed = datetime.strptime(asked, "%Y-%m-%dT%H:%M")  # noqa: DTZ007  # the clock is the practice's
    except ValueError:
        return None
    return typed.replace(tzinfo=practice.zone)


@composed_once
def _active(practice: uuid.UUID, count: int) -> QuerySet[Agenda]:
    return Agenda.objects.filter(practice=practice, is_active=True).select_related("practice")[:count]


@composed_once
def _active_one(practice: uuid.UUID, pk: uuid.UUID) -> QuerySet[Agenda]:
    return Agenda.objects.filter(practice=practice, is_active=True, pk=pk).select_related("practice")
