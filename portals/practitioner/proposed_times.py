"""The time that the page of a new appointment proposes: never in the past, and free if possible."""

from __future__ import annotations

import uuid
from datetime import datetime, time, timedelta

from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.models import Agenda, SlotHold
from appointments.openings import moment_on_clock
from appointments.slots import first_free
from notifications.wording import clock
from portals.days import day_of
from practices.models import Practice

AHEAD = timedelta(days=14)  # how far to search for the next free time
COMPARED = 10  # agendas, if none is chosen yet: each costs a few queries
USUAL_MINUTES = 20
MORNING = time(9)


def proposed_start(practice: Practice, asked: str, *, agenda: str | None) -> datetime:
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
    free = [
        start
        for one in _compared(practice, agenda)
        if (start := first_free(agenda=one, minutes=_shortest(one), after=after, last=last))
    ]
    if free:
        return min(free)
    morning = day if day is not None and later else today + timedelta(days=1)
    return timezone.localtime(moment_on_clock(morning, MORNING, practice.zone), practice.zone)


def held_words(practice: Practice, start: datetime, agenda: str | None) -> str:
    """That a patient who books online holds the proposed time, and until when; "" if nobody does."""
    known = next((one for one in _compared(practice, agenda) if str(one.pk) == agenda), None)
    if known is None:
        return ""
    held = SlotHold.objects.live_over(known, start, start + timedelta(minutes=_shortest(known))).first()
    if held is None:
        return ""
    until = clock(timezone.localtime(held.expires_at, practice.zone))
    return _("Ce créneau est retenu par un patient jusqu’à %(until)s.") % {"until": until}


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
    """Minutes of the shortest reason of this agenda: the reason is not known yet."""
    minutes = agenda.visit_reasons.filter(is_active=True).aggregate(shortest=Min("duration_minutes"))["shortest"]
    return minutes or USUAL_MINUTES
