"""iCalendar (RFC 5545): one row for each date of each event, in UTC.

A child of the sandbox reads the events and expands their rules (imports.reading.occurrences): no rule takes more time
than it has.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from files import answers, sandbox
from imports.reading import occurrences
from imports.reading.texts import Unreadable
from imports.reasons import reason

PAST, AHEAD = timedelta(days=5 * 366), timedelta(days=366)  # dates of recurring events outside are left out
MOST_EVENTS = 200_000
LONGEST = 240  # seconds of processor time for one calendar
LONGEST_LINE = 1 << 20  # bytes of one date
MOST_PEOPLE = 1000
MEMORY = 1500 * sandbox.MIB


@dataclass(frozen=True)
class Event:
    """One date of an event. `key`: UID and, if it recurs, the original start (RECURRENCE-ID). `fault`: the reason
    (imports/reasons.py) why it cannot be an appointment; then the times may be None. `of_series`: the fault stands
    for all dates of the UID."""

    line: int
    key: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    summary: str = ""
    people: tuple[tuple[str, str], ...] = ()  # name, email
    categories: str = ""
    is_cancelled: bool = False
    fault: str = ""
    uid: str = ""
    of_series: bool = False


def read_events(
    lines: Iterable[str],
    *,
    zone: ZoneInfo,
    now: datetime,
    past: timedelta = PAST,
    most: int = MOST_EVENTS,
    seconds: int = LONGEST,
) -> list[Event]:
    """`zone`: of times without one. `past`: how far back dates of recurring events are read. `seconds`: the processor
    time of the whole. Raises Unreadable if the text is no calendar, has more than `most` dates or takes longer."""
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, suffix=sandbox.SCRATCH, ignore_cleanup_errors=True) as name:
        source, target = Path(name, "calendar"), Path(name, "dates")
        with source.open("w", encoding="utf-8", newline="", errors="replace") as file:
            file.writelines(lines)
        target.touch()
        span = ((now - past).isoformat(), (now + AHEAD).isoformat())
        try:
            answer = sandbox.run(
                *(occurrences.expand, str(source), str(target), zone.key, span, most),
                reads=[source],
                writes=[target],
                wall_seconds=2 * seconds,
                cpu_seconds=seconds,
                memory_bytes=MEMORY,
            )
            refusal = answers.refusal(answer, ["no_calendar", "too_many"])
            if refusal is None:
                return sorted(_written(target, most), key=lambda one: one.line)
        except sandbox.SandboxError as error:
            raise Unreadable(
                _("Ce calendrier est trop long à lire : exportez-en une période plus courte.")
            ) from error
    if refusal.code == "no_calendar":
        raise Unreadable(_("Ce n’est pas un calendrier (ICS)."))
    raise Unreadable(gettext("Ce calendrier a plus de %(count)d dates.") % {"count": most})


def _written(target: Path, most: int) -> Iterator[Event]:
    """What the child wrote. Raises WrongForm."""
    with target.open("rb") as file:
        for _number in range(most + 1):
            line = file.readline(LONGEST_LINE)
            if not line:
                return
            try:
                yield _event(answers.fields(json.loads(line)))
            except ValueError as error:
                raise answers.WrongForm("date") from error
    raise answers.WrongForm("too many dates")


def _event(fields: dict[str, object]) -> Event:
    fault = answers.one_of(fields.get("fault"), ("", *occurrences.FAULTS))
    return Event(
        answers.count(fields.get("line")),
        answers.text(fields.get("key")),
        answers.moment(fields.get("starts_at")),
        answers.moment(fields.get("ends_at")),
        summary=answers.text(fields.get("summary")),
        people=tuple(answers.sequence(fields.get("people"), _person, most=MOST_PEOPLE)),
        categories=answers.text(fields.get("categories")),
        is_cancelled=answers.truth(fields.get("is_cancelled")),
        fault=reason(SENTENCES[fault], name=answers.line(fields.get("name"))[:50], count=occurrences.MOST_DATES)
        if fault
        else "",
        uid=answers.text(fields.get("uid")),
        of_series=answers.truth(fields.get("of_series")),
    )


def _person(value: object) -> tuple[str, str]:
    parts = answers.sequence(value, answers.text, most=2)
    if len(parts) != 2:
        raise answers.WrongForm("person")
    return parts[0], parts[1]


def twice() -> str:
    return reason(SENTENCES["twice"])


SENTENCES: dict[str, StrPromise] = {
    "unreadable": _("Cet événement du calendrier est illisible."),
    "unknown_zone": _("Le fuseau horaire « %(name)s » de cet événement est inconnu."),
    "all_day": _("Cet événement dure une journée entière : ce n’est pas un rendez-vous."),
    "too_frequent": _("Cet événement se répète plusieurs fois par jour : ce n’est pas un rendez-vous."),
    "too_many": _("Cet événement se répète plus de %(count)d fois : les dates suivantes ne sont pas reprises."),
    "endless": _(
        "La règle de répétition de cet événement ne peut pas être calculée : corrigez-la dans l’autre logiciel."
    ),
    "twice": _("Deux événements différents ont le même identifiant (UID) : aucun n’est suivi."),
}
