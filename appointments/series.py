"""Several appointments booked together, by staff: shown first with their doubts, booked in one transaction, announced
in one message; and cancelled from one of them on."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments import series_messages
from appointments.booking import (
    check_may_book,
    check_may_change,
    check_together,
    lock_agenda,
    mark_of,
    place_together,
)
from appointments.cancelling import cancel_together
from appointments.doubts import Doubt, Doubtful, doubts_about_each
from appointments.models import (
    Agenda,
    Appointment,
    AppointmentKind,
    AppointmentSeries,
    AppointmentStatus,
    VisitReason,
)
from appointments.places import way_for
from appointments.public_holidays import holidays_of_years
from appointments.recurrence import MOST
from appointments.staff_times import free_times
from patients.models import Patient
from refusals import Kind, Refusal


class NothingChosen(Refusal):
    """Every date was left out, or there are too many."""

    code = "series_without_dates"
    kind = Kind.INVALID
    words = gettext_lazy("Gardez au moins une date, trente au plus.")


class SeriesChanged(Refusal):
    """What would be cancelled is not what was shown. Changes nothing."""

    code = "series_changed"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Rien n’est annulé : cette série a changé depuis que la page est affichée. Relisez les dates, puis confirmez."
    )


@dataclass(frozen=True)
class Occurrence:
    """One date of a series, in the practice's time zone: what speaks against it, and other free times of that day."""

    starts_at: datetime
    doubts: list[Doubt]
    free: list[datetime]


def occurrences(
    *, agenda: Agenda, visit_reason: VisitReason, patient: Patient | None, starts: Sequence[datetime]
) -> list[Occurrence]:
    """What staff decide about, before anything is booked. `patient`: None for a patient without a record yet."""
    zone = agenda.practice.zone
    days = [timezone.localdate(one, zone) for one in starts]
    free = free_times(agenda, visit_reason, days)
    found = doubts_of_dates(agenda, visit_reason, patient, starts)
    return [
        Occurrence(start.astimezone(zone), doubts, [one for one in free[day] if one != start])
        for start, day, doubts in zip(starts, days, found, strict=True)
    ]


def series_made(*, agenda: Agenda, pk: uuid.UUID) -> AppointmentSeries | None:
    """The series of this key, if it was booked already: the button pressed twice. Locks the agenda."""
    return AppointmentSeries.objects.filter(pk=pk, practice=lock_agenda(agenda).practice_id).first()


@transaction.atomic
def book_series(
    *,
    agenda: Agenda,
    visit_reason: VisitReason,
    patient: Patient,
    starts: Sequence[datetime],
    kind: AppointmentKind | None,
    by: User,
    accepted: Collection[str],
    pk: uuid.UUID | None = None,
) -> AppointmentSeries:
    """Book all of them or none. `pk`: from the page, so that it is booked once. `accepted`: as in booking.book.

    Raises Doubtful with the doubts of all dates if there are others, NothingChosen, ValidationError, NotAllowed.
    """
    check_may_book(agenda.practice, by)
    agenda = lock_agenda(agenda)
    if pk and (made := series_made(agenda=agenda, pk=pk)):
        return made
    if not 1 <= len(set(starts)) <= MOST:
        raise NothingChosen
    check_together(agenda, visit_reason)
    kind = way_for(agenda, visit_reason, asked=kind)
    starts = sorted(set(starts))
    doubts = [one for of_date in doubts_of_dates(agenda, visit_reason, patient, starts) for one in of_date]
    if any(one.key not in accepted for one in doubts):
        raise Doubtful(doubts)
    if pk is None or AppointmentSeries.objects.filter(pk=pk).exists():  # another practice’s: sent by no page
        pk = uuid.uuid4()
    series = AppointmentSeries.objects.create(id=pk, practice=agenda.practice)
    made_now = place_together(
        agenda=agenda,
        visit_reason=visit_reason,
        patient=patient,
        starts=starts,
        kind=kind,
        by=by,
        series=series,
    )
    series_messages.plan_booked(made_now, by=by)
    return series


@transaction.atomic
def cancel_following(
    *, appointment: Appointment, by: User, reason: str = "", note: str = "", seen: str | None = None
) -> list[Appointment]:
    """Cancel it and the later ones of its series; one message names them all. Returns those that were cancelled now.
    `reason`, `note`: of each, as cancelling.cancel. `seen`: the mark_of what the user was shown. Raises
    SeriesChanged, ValidationError, NotAllowed."""
    check_may_change(appointment.practice, by)
    ids = [one.pk for one in following(appointment)]
    locked = Appointment.objects.filter(pk__in=ids).order_by("pk").select_for_update(of=("self",))
    list(locked.values_list("pk", flat=True))  # before the join: see AppointmentQuerySet.lock_first
    if seen is not None and mark_of(following(Appointment.objects.get(pk=appointment.pk))) != seen:
        raise SeriesChanged
    related = ("practice", "agenda__practice", "agenda__practitioner", "visit_reason", "patient", "holder", "series")
    found = Appointment.objects.filter(pk__in=ids).select_related(*related).order_by("starts_at", "id")
    cancelled = cancel_together(found, by, reason=reason, note=note)
    series_messages.plan_cancelled(cancelled, by=by)
    return cancelled


def following(appointment: Appointment) -> list[Appointment]:
    """It and the later ones of its series that stand; it alone if it is of none."""
    if appointment.series_id is None:
        return [appointment]
    later = Appointment.objects.filter(series=appointment.series_id, starts_at__gte=appointment.starts_at)
    return list(later.filter(status=AppointmentStatus.BOOKED).select_related("practice").order_by("starts_at", "id"))


def companions(appointment: Appointment) -> list[Appointment]:
    """All of its series, in time order, cancelled ones too; none if it is alone."""
    if appointment.series_id is None:
        return []
    found = Appointment.objects.filter(series=appointment.series_id).select_related("practice", "agenda")
    every = list(found.order_by("starts_at", "id"))
    return every if len(every) > 1 else []


def doubts_of_dates(
    agenda: Agenda, visit_reason: VisitReason, patient: Patient | None, starts: Sequence[datetime]
) -> list[list[Doubt]]:
    """Of each date, in the same order. A public holiday is one, too: a weekly date falls on it unnoticed."""
    days = [timezone.localdate(one, agenda.practice.zone) for one in starts]
    found = doubts_about_each(agenda=agenda, visit_reason=visit_reason, patient=patient, starts=starts)
    years = holidays_of_years(agenda.practice, {day.year for day in days})
    holidays = {one.day: one.name for one in years if not one.is_closed}
    for day, doubts in zip(days, found, strict=True):
        if day in holidays:
            said = _("C’est un jour férié : %(name)s.") % {"name": holidays[day]}
            doubts.append(Doubt("public_holiday", said, f"public_holiday/{agenda.pk}/{day}"))
    return found
