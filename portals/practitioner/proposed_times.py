"""The time that the page of a new appointment proposes: never one that has passed, and a free one if there is any."""

from __future__ import annotations

import uuid
from datetime import datetime, time, timedelta

from django.db.models import Min
from django.utils import timezone

from appointments.models import Agenda
from appointments.openings import moment_on_clock
from appointments.slots import first_free
from portals.days import day_of
from practices.models import Practice

AHEAD = timedelta(days=14)  # how far the next free time is looked for
COMPARED = 10  # agendas, where none is chosen yet: each costs a few queries
USUAL_MINUTES = 20
MORNING = time(9)


def proposed_start(practice: Practice, asked: str, *, agenda: str | None) -> datetime:
    """On the clock of the practice. `asked`: the day that was open in the agenda ("2026-11-24"), or a time of it
    ("2026-11-24T09:00"), which is proposed as it is. What is over is as nothing."""
    now = timezone.now()
    day = day_of(asked[:10])
    if day is not None and (exact := _exact(asked, practice)) and exact > now:
        return exact
    today = timezone.localdate(now, practice.zone)
    later = day is not None and day > today
    after = moment_on_clock(day, time.min, practice.zone) if day is not None and later else now
    last = day if day is not None and later else today + AHEAD
    free = [
        found
        for one in _compared(practice, agenda)
        if (found := first_free(agenda=one, minutes=_shortest(one), after=after, last=last))
    ]
    if free:
        return min(free)
    morning = day if day is not None and later else today + timedelta(days=1)
    return timezone.localtime(moment_on_clock(morning, MORNING, practice.zone), practice.zone)


def _exact(asked: str, practice: Practice) -> datetime | None:
    try:
        typed = datetime.strptime(asked, "%Y-%m-%dT%H:%M")  # noqa: DTZ007  # the clock is the practice's
    except ValueError:
        return None
    return typed.replace(tzinfo=practice.zone)


def _compared(practice: Practice, chosen: str | None) -> list[Agenda]:
    active = practice.agendas.filter(is_active=True).select_related("practice")
    try:
        known = active.filter(pk=uuid.UUID(chosen or "")).first()
    except ValueError:
        known = None
    return [known] if known else list(active[:COMPARED])


def _shortest(agenda: Agenda) -> int:
    """Minutes of the shortest reason of this agenda: which one it will be is not known yet."""
    found = agenda.visit_reasons.filter(is_active=True).aggregate(shortest=Min("duration_minutes"))["shortest"]
    return found or USUAL_MINUTES
