"""Doubts about a time that staff choose: shown before booking, for staff to decide.

Computed under the lock of the agenda, so that staff agree to the current state. Agreement names each doubt; a doubt
that arose since is asked about again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.models import (
    Absence,
    Agenda,
    Appointment,
    AppointmentStatus,
    Closing,
    SlotHold,
    VisitReason,
)
from appointments.models.appointment import AppointmentQuerySet
from appointments.openings import openings
from notifications.wording import clock, long_day
from patients.models import Patient
from refusals import Kind, Reason, Refusal


@dataclass(frozen=True)
class Doubt:
    """`code` is for programs, `sentence` for staff; `key` identifies this doubt about this time."""

    code: str
    sentence: str
    key: str


class Doubtful(Refusal):
    """There are doubts that nobody has agreed to. Changes nothing."""

    code = "doubtful"
    kind = Kind.CONFLICT
    field = "start"

    def __init__(self, doubts: list[Doubt]) -> None:
        super().__init__(" ".join(one.sentence for one in doubts))
        self.doubts = doubts

    def errors(self) -> list[Reason]:
        return [Reason(one.code, one.sentence, self.field) for one in self.doubts]


def check_doubts(
    *,
    agenda: Agenda,
    visit_reason: VisitReason,
    patient: Patient,
    starts_at: datetime,
    accepted: Collection[str] | None,
    moving: Appointment | None = None,
) -> None:
    """`accepted`: keys that staff agreed to; None: all. Raises Doubtful, with all doubts."""
    if accepted is None:
        return
    found = doubts_about(
        agenda=agenda, visit_reason=visit_reason, patient=patient, starts_at=starts_at, moving=moving
    )
    if any(one.key not in accepted for one in found):
        raise Doubtful(found)


def doubts_about(
    *,
    agenda: Agenda,
    visit_reason: VisitReason,
    patient: Patient | None,
    starts_at: datetime,
    moving: Appointment | None = None,
) -> list[Doubt]:
    """`patient`: None for a patient without a record yet."""
    starts_at = starts_at.astimezone(UTC)
    ends_at = starts_at + timedelta(minutes=visit_reason.duration_minutes)
    found = [
        *_past(agenda, ends_at),
        *_closed_to_booking(agenda, visit_reason),
        *_taken(agenda, patient, starts_at, ends_at, moving),
        *_held(agenda, starts_at, ends_at),
        *(_patient_elsewhere(agenda, patient, starts_at, ends_at, moving) if patient else ()),
        *(_patient_that_day(agenda, patient, starts_at, ends_at, moving) if patient else ()),
        *_closed(agenda, starts_at, ends_at),
        *_outside_hours(agenda, starts_at, ends_at),
    ]
    about = f"{agenda.pk}/{starts_at:%Y%m%dT%H%M%S}/{visit_reason.duration_minutes}"
    return [Doubt(code, sentence, f"{code}/{about}/{of}") for code, sentence, of in found]


Found = Iterator[tuple[str, str, str]]  # code, sentence, and what it is about


def _past(agenda: Agenda, ends_at: datetime) -> Found:
    if ends_at <= timezone.now():
        day = long_day(timezone.localtime(ends_at, agenda.practice.zone), weekday=True)
        yield "in_the_past", _("C’est dans le passé : %(day)s.") % {"day": day}, ""


def _closed_to_booking(agenda: Agenda, visit_reason: VisitReason) -> Found:
    if not agenda.is_active:
        yield "agenda_closed", _("L’agenda %(name)s est fermé.") % {"name": agenda.name}, ""
    if not visit_reason.is_active:
        yield "reason_closed", _("Le motif %(name)s n’est plus proposé.") % {"name": visit_reason.name}, ""


def _taken(
    agenda: Agenda, patient: Patient | None, starts_at: datetime, ends_at: datetime, moving: Appointment | None
) -> Found:
    for one in _overlapping(Appointment.objects.filter(agenda=agenda), starts_at, ends_at, moving):
        facts = {"who": one.patient.full_name, "from": _hour(one.local_start), "to": _hour(one.local_end)}
        said = (
            _("%(who)s a déjà ce rendez-vous sur cet agenda : %(from)s–%(to)s.")
            if one.patient == patient
            else _("Un autre patient est déjà prévu : %(who)s, %(from)s–%(to)s.")
        )
        yield "time_taken", said % facts, str(one.pk)


def _held(agenda: Agenda, starts_at: datetime, ends_at: datetime) -> Found:
    """A patient is booking this time online."""
    for one in SlotHold.objects.live_over(agenda, starts_at, ends_at):
        facts = {"until": _hour(timezone.localtime(one.expires_at, agenda.practice.zone))}
        yield "slot_held", _("Ce créneau est retenu par un patient jusqu’à %(until)s.") % facts, str(one.pk)


def _patient_elsewhere(
    agenda: Agenda, patient: Patient, starts_at: datetime, ends_at: datetime, moving: Appointment | None
) -> Found:
    others = Appointment.objects.filter(patient=patient).exclude(agenda=agenda)
    for one in _overlapping(others, starts_at, ends_at, moving):
        facts = {"who": one.patient.full_name, "agenda": one.agenda.name}
        facts |= {"from": _hour(one.local_start), "to": _hour(one.local_end)}
        said = _("%(who)s a déjà un rendez-vous à cette heure : %(agenda)s, %(from)s–%(to)s.") % facts
        yield "patient_busy", said, str(one.pk)


def _patient_that_day(
    agenda: Agenda, patient: Patient, starts_at: datetime, ends_at: datetime, moving: Appointment | None
) -> Found:
    """At another time of the same day, on any agenda of the practice."""
    day = timezone.localdate(starts_at, agenda.practice.zone)
    others = Appointment.objects.filter(patient=patient, status=AppointmentStatus.BOOKED)
    others = others.on_day(day, agenda.practice).exclude(starts_at__lt=ends_at, ends_at__gt=starts_at)
    if moving is not None:
        others = others.exclude(pk=moving.pk)
    for one in others.select_related("patient", "practice", "agenda").order_by("starts_at", "id"):
        facts = {"who": one.patient.full_name, "agenda": one.agenda.name}
        facts |= {"from": _hour(one.local_start), "to": _hour(one.local_end)}
        said = _("%(who)s a déjà un rendez-vous ce jour-là : %(agenda)s, %(from)s–%(to)s.")
        yield "same_day", said % facts, str(one.pk)


def _closed(agenda: Agenda, starts_at: datetime, ends_at: datetime) -> Found:
    for closing in Closing.objects.over(agenda, starts_at, ends_at):
        yield (
            "closing",
            _("Le cabinet ou l’agenda est fermé : %(reason)s.") % {"reason": closing.reason},
            str(closing.pk),
        )
    for absence in Absence.objects.filter(agenda=agenda, starts_at__lt=ends_at, ends_at__gt=starts_at):
        yield "absence", _("Une absence est inscrite sur cet agenda à cette heure."), str(absence.pk)


def _outside_hours(agenda: Agenda, starts_at: datetime, ends_at: datetime) -> Found:
    """Only for an agenda with hours. Includes the day before: openings on both sides of midnight may form one."""
    if not agenda.opening_hours.exists():
        return
    day = timezone.localdate(starts_at, agenda.practice.zone)
    reached = starts_at
    for opens_at, closes_at in openings(agenda, day, day + timedelta(days=1)):
        if opens_at <= reached < closes_at:
            reached = closes_at
    if reached < ends_at:
        facts = {"agenda": agenda.name}
        yield (
            "outside_opening_hours",
            _("C’est en dehors des horaires d’ouverture de l’agenda %(agenda)s.") % facts,
            "",
        )


def _overlapping(
    found: AppointmentQuerySet, starts_at: datetime, ends_at: datetime, moving: Appointment | None
) -> AppointmentQuerySet:
    found = found.filter(status=AppointmentStatus.BOOKED, starts_at__lt=ends_at, ends_at__gt=starts_at)
    if moving is not None:
        found = found.exclude(pk=moving.pk)
    return found.select_related("patient", "practice", "agenda").order_by("starts_at", "id")


def _hour(moment: datetime) -> str:
    return clock(moment)
