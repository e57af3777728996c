"""What stands around some times of one agenda and in the days of one patient: read once for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Protocol, TypeVar

from django.db.models import Q
from django.utils import timezone

from appointments.models import Absence, Agenda, Appointment, AppointmentStatus, Closing, OpeningHours, SlotHold
from appointments.openings import Span, WeeklyHours
from patients.models import Patient


class Timed(Protocol):
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...


T = TypeVar("T", bound=Timed)


@dataclass(frozen=True)
class Surroundings:
    """`booked`, `held`, `closings`, `absences`: of the agenda, over one of the times. `of_patient`: the patient's
    appointments on one of the days. `hours`: the agenda's week."""

    booked: list[Appointment]
    of_patient: list[Appointment]
    held: list[SlotHold]
    closings: list[Closing]
    absences: list[Absence]
    hours: list[WeeklyHours]


def surroundings(
    agenda: Agenda, patient: Patient | None, spans: Sequence[Span], *, moving: Appointment | None = None
) -> Surroundings:
    """`moving`: does not stand in its own way. `patient`: None for one without a record."""
    meets = _any(Q(starts_at__lt=end, ends_at__gt=start) for start, end in spans)
    standing = Appointment.objects.filter(status=AppointmentStatus.BOOKED)
    standing = standing.select_related("patient", "practice", "agenda").order_by("starts_at", "id")
    if moving is not None:
        standing = standing.exclude(pk=moving.pk)
    days = _any(_of_day(agenda, start) for start, _end in spans)
    return Surroundings(
        booked=list(standing.filter(meets, agenda=agenda)),
        of_patient=list(standing.filter(meets | days, patient=patient)) if patient else [],
        held=list(SlotHold.objects.live().filter(meets, agenda=agenda, for_undo=False).order_by("starts_at", "id")),
        closings=list(Closing.objects.of_agenda(agenda).filter(meets)),
        absences=list(Absence.objects.filter(meets, agenda=agenda)),
        hours=list(OpeningHours.objects.filter(agenda=agenda).values_list("weekday", "opens_at", "closes_at")),
    )


def over(items: Iterable[T], span: Span) -> Iterator[T]:
    """Those that share some of this time."""
    return (one for one in items if one.starts_at < span[1] and span[0] < one.ends_at)


def _of_day(agenda: Agenda, start: datetime) -> Q:
    """Begins on the same day of the practice's clock."""
    zone = agenda.practice.zone
    day = timezone.localdate(start, zone)
    begins, ends = (datetime.combine(one, time.min, zone) for one in (day, day + timedelta(days=1)))
    return Q(practice=agenda.practice_id, starts_at__gte=begins, starts_at__lt=ends)


def _any(conditions: Iterable[Q]) -> Q:
    """One of them holds; nothing does if there are none."""
    either = Q(pk__in=[])
    for one in conditions:
        either |= one
    return either
