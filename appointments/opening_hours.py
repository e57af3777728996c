"""The weekly hours of an agenda: validation, setting them, and the appointments outside."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.agendas import upcoming
from appointments.booking import lock_agenda
from appointments.models import Agenda, Appointment, OpeningHours, VisitReason, Weekday
from appointments.models.opening import ENDS_BEFORE_START, MIDNIGHT, hour_of_end
from audit.trail import record
from practices.roles import require_administrator
from refusals import Kind, Refusal

MOST = 100  # hours in a week


class WeekChanged(Refusal):
    """Somebody else changed the week since the page was opened."""

    code = "week_changed"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Un autre administrateur a changé ces horaires entre-temps. Votre saisie est gardée ci-dessous : comparez-la "
        "aux horaires en vigueur, puis enregistrez de nouveau."
    )


@dataclass(frozen=True)
class Hours:
    """From `opens_at` to `closes_at`; 00:00 closes at the end of the day. No reasons: open to all."""

    weekday: Weekday
    opens_at: time
    closes_at: time
    visit_reasons: Collection[VisitReason] = ()

    def holds(self, appointment: Appointment) -> bool:
        """Whether the appointment lies inside, on the practice's clock, and its reason is open."""
        zone = appointment.practice.zone
        start = timezone.localtime(appointment.starts_at, zone)
        end = timezone.localtime(appointment.ends_at, zone)
        if start.weekday() != self.weekday or start.time() < self.opens_at:
            return False
        same_day = end.date() == start.date()
        in_time = (
            (same_day or end.time() == MIDNIGHT)
            if self.closes_at == MIDNIGHT
            else (same_day and end.time() <= self.closes_at)
        )
        reasons = [one.pk for one in self.visit_reasons]
        return in_time and (not reasons or appointment.visit_reason_id in reasons)


def week_of(agenda: Agenda) -> list[Hours]:
    """The week as it is set, from Monday."""
    rows = OpeningHours.objects.filter(agenda=agenda).prefetch_related("visit_reasons")
    return [Hours(Weekday(one.weekday), one.opens_at, one.closes_at, tuple(one.visit_reasons.all())) for one in rows]


def version_of(hours: Iterable[Hours]) -> str:
    """Differs between two different weeks."""
    written = sorted(
        f"{one.weekday} {one.opens_at} {one.closes_at} {sorted(str(reason.pk) for reason in one.visit_reasons)}"
        for one in hours
    )
    return hashlib.sha256("\n".join(written).encode()).hexdigest()[:16]


def booked_outside(agenda: Agenda, hours: Sequence[Hours]) -> list[Appointment]:
    """Appointments to come that lie outside this week, in time order."""
    appointments = upcoming(agenda).select_related("practice", "patient", "visit_reason")
    return [one for one in appointments if not any(each.holds(one) for each in hours)]


@transaction.atomic
def set_opening_hours(
    *, agenda: Agenda, hours: Sequence[Hours], by: User, seen: str | None = None
) -> list[Appointment]:
    """Replace the hours of an agenda. Existing appointments stay; returns those that the former week held and the new
    one does not.

    `seen`: the `version_of` the week that the user saw. Raises NotAllowed, WeekChanged, ValidationError.
    """
    agenda = lock_agenda(agenda)
    require_administrator(by, agenda.practice)
    if len(hours) > MOST:
        raise ValidationError({"hours": _("Donnez %(most)d plages au plus.") % {"most": MOST}})
    if any(reason.practice_id != agenda.practice_id for one in hours for reason in one.visit_reasons):
        raise ValidationError({"hours": _("Ce motif n’est pas de ce cabinet.")})
    check_week([(one.weekday, one.opens_at, one.closes_at) for one in hours])
    former = week_of(agenda)
    if seen is not None and seen != version_of(former):
        raise WeekChanged
    if version_of(former) == version_of(hours):
        return []
    agenda.opening_hours.all().delete()
    for one in hours:
        row = OpeningHours(agenda=agenda, weekday=one.weekday, opens_at=one.opens_at, closes_at=one.closes_at)
        row.save()
        row.visit_reasons.set(one.visit_reasons)
    left = [one for one in booked_outside(agenda, hours) if any(each.holds(one) for each in former)]
    record(
        "practice.opening_hours_changed",
        by=by,
        on=agenda,
        practice=agenda.practice_id,
        detail={"appointments": len(left)},
    )
    return left


def delete_hours_reserved_for(sender: type[VisitReason], instance: VisitReason, **kwargs: Any) -> None:
    """Before a reason is deleted, delete hours reserved for it alone: without reasons they would be open to all."""
    for_others = OpeningHours.objects.filter(visit_reasons__in=VisitReason.objects.exclude(pk=instance.pk))
    OpeningHours.objects.filter(visit_reasons=instance).exclude(pk__in=for_others).delete()


def check_week(hours: Sequence[tuple[int, time, time]]) -> None:
    """Check hours, each a weekday, an opening and a closing time. Raises ValidationError with the fault and the
    remedy."""
    if faults := faults_of_week(hours):
        raise ValidationError({"hours": faults[min(faults)]})


def faults_of_week(hours: Sequence[tuple[int, time, time]]) -> dict[int, str]:
    """The fault and the remedy, by the number of the row; of two that overlap, the later one has the fault."""
    faults: dict[int, str] = {}
    by_weekday: dict[int, list[tuple[time, time, int]]] = defaultdict(list)
    for number, (weekday, opens_at, closes_at) in enumerate(hours):
        if closes_at != MIDNIGHT and closes_at <= opens_at:
            faults[number] = str(ENDS_BEFORE_START)
        else:
            by_weekday[weekday].append((opens_at, closes_at, number))
    for weekday, of_day in by_weekday.items():
        last = None
        for one in sorted(of_day, key=lambda each: (each[0], each[2])):
            if last is not None and (last[1] == MIDNIGHT or one[0] < last[1]):
                faults[one[2]] = _overlap(weekday, last[:2], one[:2])
            if last is None or (last[1] != MIDNIGHT and (one[1] == MIDNIGHT or one[1] > last[1])):
                last = one
    return faults


def _overlap(weekday: int, one: tuple[time, time], other: tuple[time, time]) -> str:
    return _(
        "%(day)s, les plages %(one)s et %(other)s se chevauchent : faites-en une seule, ou changez l’heure de l’une."
    ) % {"day": Weekday(weekday).label.capitalize(), "one": _range(*one), "other": _range(*other)}


def _range(opens_at: time, closes_at: time) -> str:
    return f"{opens_at:%H:%M}–{hour_of_end(closes_at)}"
